import type { BulkItem, ImportRefusal, ImportRequest } from '../../client/client.ts';
import { PoolError } from '../../errors.ts';
import { isStandardInput, readText } from '../file.ts';
import { itemOf, ttlUntil } from './columns.ts';
import { readCsv } from './csv.ts';
import { linesOfItems, readJson } from './json.ts';
import { isNetBox, itemOfNetBox } from './netbox.ts';

/** What a file asks for, and where each of its rows stands. */
export interface ImportFile {
  readonly networks: readonly unknown[];
  readonly allocations: readonly BulkItem[];
  readonly lines: Readonly<Record<ImportRefusal['list'], readonly number[]>>;
  /** Rows that are left out on purpose. */
  readonly skipped: readonly { readonly line: number; readonly why: string }[];
}

export type Format = 'csv' | 'json';

/**
 * Reads networks and allocations: our own CSV or JSON, or NetBox's CSV of IP addresses, which its columns tell.
 *
 * @param format what the name of the file does not say
 * @param now milliseconds since 1970; what expires at a time is asked for until then
 * @throws PoolError `usage`
 */
export async function readImportFile(file: string, format: Format | undefined, now: number): Promise<ImportFile> {
  const known = format ?? formatOf(file);
  const text = readText(file, 'FILE');
  return known === 'csv' ? importFileOfCsv(text, file, now) : importFileOfJson(text, file, now);
}

export function requestOf({ networks, allocations }: ImportFile): ImportRequest {
  return { networks, allocations } as ImportRequest; // the service checks each row, and names those that are wrong
}

function formatOf(file: string): Format {
  const [, extension] = /\.(csv|json)$/i.exec(file) ?? [];
  if (extension !== undefined) return extension.toLowerCase() as Format;
  if (!isStandardInput(file)) readText(file, 'FILE'); // what is not there holds nothing
  throw new PoolError('usage', `Say what ${file} holds: --format csv or --format json`, { field: '--format' });
}

async function importFileOfCsv(text: string, file: string, now: number): Promise<ImportFile> {
  const { columns, rows } = await readCsv(text, file);
  const netBox = isNetBox(columns);
  if (!netBox && !['ip', 'prefix', 'vm_id', 'network', 'cidr'].some((name) => columns.includes(name))) {
    throw new PoolError('usage', `${file} has none of the columns ip, address, network, vm_id in its first line`, {});
  }
  const allocations: BulkItem[] = [];
  const lines: number[] = [];
  const skipped: { line: number; why: string }[] = [];
  for (const row of rows) {
    const item = netBox ? itemOfNetBox(row, columns) : ownRow(row.cells, now);
    if ('skipped' in item) skipped.push({ line: row.line, why: item.skipped });
    else {
      allocations.push(item);
      lines.push(row.line);
    }
  }
  return { networks: [], allocations, lines: { networks: [], allocations: lines }, skipped };
}

function ownRow(cells: Readonly<Record<string, string>>, now: number): BulkItem | { readonly skipped: string } {
  const { status = 'allocated' } = cells;
  return status === 'allocated' ? itemOf(cells, now) : { skipped: status };
}

/** `{"networks":[…],"allocations":[…]}`, or a list of allocations alone. */
function importFileOfJson(text: string, file: string, now: number): ImportFile {
  const value = readJson(text, file);
  const isList = Array.isArray(value);
  const { networks = [], allocations = [] } = (isList ? { allocations: value } : (value ?? {})) as Record<
    string,
    unknown
  >;
  if (typeof value !== 'object' || !Array.isArray(networks) || !Array.isArray(allocations)) {
    throw new PoolError('usage', `${file} must hold {"networks":[…],"allocations":[…]}, or a list of allocations`);
  }
  const lines = linesOfItems(text);
  const linesOf = (name: string) => lines.get(name) ?? [];
  return {
    networks: networks as unknown[],
    allocations: (allocations as unknown[]).map((row) => withTtl(row, now)),
    lines: { networks: linesOf('networks'), allocations: linesOf(isList ? '' : 'allocations') },
    skipped: [],
  };
}

/** An export says until when, a request how long. */
function withTtl(row: unknown, now: number): BulkItem {
  if (typeof row !== 'object' || row === null || !('expires_at' in row)) return row as BulkItem;
  const { expires_at, ...rest } = row;
  const ttl = typeof expires_at === 'string' ? ttlUntil(expires_at, now) : undefined;
  return { ...rest, ...(ttl === undefined ? {} : { ttl }) } as BulkItem;
}
