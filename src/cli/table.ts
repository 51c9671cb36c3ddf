export interface Column<T> {
  readonly head: string;
  readonly right?: boolean;
  readonly cell: (item: T) => string;
}

type Head = Pick<Column<never>, 'head' | 'right'>;

/** For a terminal: ruled, with a coloured head. */
export async function drawTable(columns: readonly Head[], rows: readonly string[][]): Promise<string> {
  const [{ default: Table }, { default: colours }] = await Promise.all([import('cli-table3'), import('picocolors')]);
  const table = new Table({
    head: columns.map(({ head }) => colours.bold(head)),
    colAligns: columns.map(({ right }) => (right === true ? 'right' : 'left')),
    style: { head: [], border: [], compact: true },
  });
  table.push(...rows.map((row) => row.map(printable)));
  return table.toString();
}

/** For a pipe: columns two blanks apart, so that awk and people can read them. */
export function layOut(columns: readonly Head[], rows: readonly string[][]): (cells: readonly string[]) => string {
  const widths = columns.map(({ head }, index) =>
    Math.max(head.length, ...rows.map((row) => (row[index] ?? '').length)),
  );
  return (cells) =>
    cells
      .map((cell, index) => {
        const text = printable(cell === '' ? '-' : cell);
        return columns[index]?.right === true ? text.padStart(widths[index] ?? 0) : text.padEnd(widths[index] ?? 0);
      })
      .join('  ')
      .trimEnd();
}

/** Nothing that a description holds may move the cursor. */
function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}]/gu, '?');
}
