import type { BulkItem, NetworkAllocation } from '../../client/client.ts';
import { unguarded } from './csv.ts';

// Our own columns: what `export --format csv` writes and `import` and `allocate --from` take back.

export const COLUMNS = [
  'network',
  'ip',
  'end_ip',
  'count',
  'prefix',
  'vm_id',
  'nic',
  'hostname',
  'mac',
  'description',
  'tags',
  'status',
  'allocated_at',
  'expires_at',
  'id',
] as const;

export function cellsOf(allocation: NetworkAllocation): string[] {
  return COLUMNS.map((column) => {
    if (column === 'tags') return allocation.tags.join(',');
    if (column === 'count' && (allocation.end_ip === undefined || allocation.prefix !== undefined)) return '';
    return String(allocation[column] ?? '');
  });
}

/** What a row asks for; the service checks it. @param now milliseconds since 1970 */
export function itemOf(cells: Readonly<Record<string, string>>, now: number): BulkItem {
  const text = (name: string) => {
    const cell = cells[name];
    return cell === undefined ? undefined : unguarded(cell).trim();
  };
  const number = (name: string) => {
    const cell = text(name);
    // What is no number goes on as it is, and is refused with the rule.
    return cell === undefined ? undefined : /^\d+$/.test(cell) ? Number(cell) : cell;
  };
  const prefix = text('prefix');
  const given = {
    network: text('network') ?? text('network_id'),
    cidr: text('cidr'),
    ip: text('ip') ?? prefix?.split('/')[0],
    count: number('count'),
    prefix_length: prefix === undefined ? number('prefix_length') : lengthOf(prefix),
    vm_id: text('vm_id'),
    nic: text('nic'),
    hostname: text('hostname'),
    mac: text('mac'),
    description: text('description'),
    tags: tagsOf(text('tags')),
    ttl: number('ttl') ?? ttlUntil(text('expires_at'), now),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
}

/** Seconds from now, rounded up; what is no time goes on as it is, and is refused. */
export function ttlUntil(expires_at: string | undefined, now: number): number | string | undefined {
  if (expires_at === undefined || expires_at === '') return undefined;
  const seconds = Math.ceil((Date.parse(expires_at) - now) / 1000);
  return Number.isNaN(seconds) ? expires_at : Math.max(seconds, 1);
}

export function tagsOf(cell: string | undefined): string[] | undefined {
  return cell
    ?.split(/[,;]/)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
}

function lengthOf(prefix: string): number | string {
  const [, digits = ''] = prefix.split('/');
  return /^\d+$/.test(digits) ? Number(digits) : prefix;
}
