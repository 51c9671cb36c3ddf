import type { BulkItem } from '../../client/client.ts';
import { tagsOf } from './columns.ts';
import type { CsvRow } from './csv.ts';

// NetBox's export of IP addresses: "CSV format" and "All data (CSV)", whose columns are address or "IP Address", vrf,
// tenant, status, role, dns_name, description, tags and more. An address has the prefix length of its network.

export function isNetBox(columns: readonly string[]): boolean {
  return addressColumn(columns) !== undefined && !columns.includes('ip');
}

/** What a row asks for, or why it is passed over. Its network is the one that has the address. */
export function itemOfNetBox({ cells }: CsvRow, columns: readonly string[]): BulkItem | { readonly skipped: string } {
  const status = cells.status?.toLowerCase();
  if (status === 'deprecated') return { skipped: 'deprecated' };
  const address = (cells[addressColumn(columns) ?? ''] ?? '').trim();
  const tags = [
    ...(tagsOf(cells.tags) ?? []),
    ...(cells.role === undefined ? [] : [`role:${cells.role}`]),
    ...(cells.tenant === undefined ? [] : [`tenant:${cells.tenant}`]),
    ...(cells.vrf === undefined || /^global$/i.test(cells.vrf) ? [] : [`vrf:${cells.vrf}`]),
    ...(status === 'reserved' ? ['reserved'] : []),
  ];
  const { dns_name, description } = cells;
  return {
    ip: address.replace(/\/\d{1,3}$/, ''),
    ...(dns_name === undefined ? {} : { hostname: dns_name.replace(/\.$/, '') }),
    ...(description === undefined ? {} : { description }),
    ...(tags.length === 0 ? {} : { tags: tags.map(asTag) }),
  };
}

function addressColumn(columns: readonly string[]): string | undefined {
  return ['address', 'ip_address'].find((name) => columns.includes(name));
}

/** NetBox's names hold blanks, which a tag of ours does not. */
function asTag(name: string): string {
  return name.trim().replaceAll(/\s+/g, '-');
}
