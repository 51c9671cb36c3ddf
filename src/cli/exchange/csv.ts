import type { CsvError } from 'csv-parse';
import { PoolError } from '../../errors.ts';

export interface CsvRow {
  /** Where it begins, counted from 1. */
  readonly line: number;
  /** By the names of the first line, in lower case with _ for blanks. An empty cell is not there. */
  readonly cells: Readonly<Record<string, string>>;
}

/**
 * A spreadsheet runs a cell that begins like this. A cell that begins so behind apostrophes of its own is guarded too:
 * taking one away gives back what was written.
 */
const FORMULA = /^'*[=+\-@\t\r]/;
const GUARDED = /^'+[=+\-@\t\r]/;

export function guarded(cell: string): string {
  return FORMULA.test(cell) ? `'${cell}` : cell;
}

export function unguarded(cell: string): string {
  return GUARDED.test(cell) ? cell.slice(1) : cell;
}

/** Rows of a CSV file whose first line names the columns. @throws PoolError `usage` that names the line */
export async function readCsv(text: string, file: string): Promise<{ columns: string[]; rows: CsvRow[] }> {
  const { parse } = await import('csv-parse/sync');
  interface Read {
    readonly record: string[];
    readonly raw: string;
    readonly info: { readonly lines: number };
  }
  let read: Read[];
  try {
    // The parser counts a \r\n between quotes as two lines.
    read = parse(text.replaceAll(/\r\n?/g, '\n'), {
      bom: true,
      info: true,
      raw: true,
      skip_empty_lines: true,
      relax_column_count_less: true,
      record_delimiter: '\n',
      delimiter: delimiterOf(text),
    }) as unknown as Read[];
  } catch (error) {
    const { message } = error as CsvError;
    throw new PoolError('usage', `${file} is no CSV that can be read: ${message}`, { field: 'FILE' }, error);
  }
  const [head, ...records] = read;
  const columns = (head?.record ?? []).map((name) =>
    name
      .trim()
      .toLowerCase()
      .replaceAll(/[\s-]+/g, '_'),
  );
  const rows = records.map(({ record, raw, info }) => ({
    // info.lines is that of the record's end; raw has the empty lines before it too.
    line: info.lines - (raw.replaceAll(/^\n+|\n$/g, '').split('\n').length - 1),
    cells: Object.fromEntries(
      columns.map((name, i) => [name, record[i] ?? '']).filter(([, cell]) => cell !== ''),
    ) as Record<string, string>,
  }));
  return { columns, rows };
}

export async function csvWriter(columns: readonly string[]): Promise<(cells: readonly string[]) => string> {
  const { stringify } = await import('csv-stringify/sync');
  return (cells) => stringify([columns.map((_, i) => guarded(cells[i] ?? ''))]);
}

/** Spreadsheets of some countries write semicolons. */
function delimiterOf(text: string): string {
  const [head = ''] = text.split(/[\r\n]/, 1);
  return head.includes(';') && !head.includes(',') ? ';' : ',';
}
