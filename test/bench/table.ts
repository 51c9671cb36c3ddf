export interface Table {
  readonly title: string;
  /** First column left, the others right aligned. */
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
  /** What a reader has to know to read the figures. */
  readonly notes: readonly string[];
}

/** For a terminal: columns as wide as their widest cell. */
export function asText({ title, head, rows, notes }: Table): string {
  const widths = widthsOf([head, ...rows]);
  const line = (cells: readonly string[]) => `  ${align(cells, widths).join('   ')}`.trimEnd();
  const rule = `  ${widths.map((width) => '─'.repeat(width)).join('   ')}`;
  return `${[title, '', line(head), rule, ...rows.map(line), ...(notes.length > 0 ? [''] : []), ...notes.map((note) => `  ${note}`)].join('\n')}\n`;
}

/** For a README. */
export function asMarkdown({ title, head, rows, notes }: Table): string {
  const widths = widthsOf([head, ...rows]);
  const line = (cells: readonly string[]) => `| ${align(cells, widths).join(' | ')} |`;
  const rule = `| ${widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(Math.max(width - 1, 1))}:`)).join(' | ')} |`;
  return `${[`**${title}**`, '', line(head), rule, ...rows.map(line), ...notes.flatMap((note) => ['', note])].join('\n')}\n`;
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const columns = Math.max(...rows.map((row) => row.length));
  return Array.from({ length: columns }, (_, column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
}

function align(cells: readonly string[], widths: readonly number[]): string[] {
  return widths.map((width, column) => {
    const cell = cells[column] ?? '';
    return column === 0 ? cell.padEnd(width) : cell.padStart(width);
  });
}
