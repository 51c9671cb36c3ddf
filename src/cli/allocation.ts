import type { NetworkAllocation } from '../client/client.ts';
import type { Listed } from './output.ts';

// How an allocation is shown to a person.

export function spanOf({ prefix, ip, end_ip }: NetworkAllocation): string {
  return prefix ?? (end_ip === undefined ? ip : `${ip}-${end_ip}`);
}

export function factsOf(allocation: NetworkAllocation): [string, string | undefined][] {
  const { ip, end_ip, prefix } = allocation;
  return [
    ['ID', allocation.id],
    ['Network ID', allocation.network_id],
    ['Network', allocation.network],
    prefix === undefined ? ['', undefined] : ['Prefix', prefix],
    end_ip === undefined ? ['IP', ip] : ['IP Range', `${ip} - ${end_ip}`],
    ['Gateway', allocation.gateway ?? undefined],
    ['VM', ownerOf(allocation)],
    ['Hostname', allocation.hostname],
    ['MAC', allocation.mac ?? undefined],
    ['Description', allocation.description],
    ['Tags', allocation.tags.join(', ')],
    ['Expires', allocation.expires_at ?? undefined],
  ];
}

/** `vm-1`, or `vm-1/eth1` for a NIC that has a name. */
export function ownerOf({ vm_id, nic }: { readonly vm_id: string | null; readonly nic: string }): string {
  return `${vm_id ?? ''}${nic === '' ? '' : `/${nic}`}`;
}

export const ALLOCATIONS: Listed<NetworkAllocation> = {
  none: 'No allocations found.',
  columns: [
    { head: 'IP', cell: spanOf },
    { head: 'Network', cell: ({ network }) => network },
    { head: 'Status', cell: ({ status }) => status },
    { head: 'VM', cell: ownerOf },
    { head: 'Hostname', cell: ({ hostname }) => hostname },
    { head: 'MAC', cell: ({ mac }) => mac ?? '' },
    { head: 'Allocated', cell: ({ allocated_at }) => minute(allocated_at) },
    { head: 'Expires', cell: ({ expires_at }) => minute(expires_at) },
    { head: 'Tags', cell: ({ tags }) => tags.join(',') },
    { head: 'Description', cell: ({ description }) => description },
  ],
};

/** 2026-01-31T12:00Z: without a blank, so that a column stays one word. */
function minute(time: string | null): string {
  return time === null ? '' : `${time.slice(0, 16)}Z`;
}
