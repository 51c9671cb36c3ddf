import type { AllocationRequest as AllocationBody, BulkItem } from '../api/allocations.ts';
import { PoolError } from '../errors.ts';
import type { AllocationRequest } from '../service/allocations.ts';
import type { AllocationRow } from '../service/imports.ts';
import { macField } from './parse-fields.ts';

// What the bodies of allocation requests mean.

/** The networks that a body names; each of `networks`, or the one of `network_id`, `network` or `cidr`, in this order. */
function networksOf({ network_id, network, cidr, networks }: AllocationBody): string[] {
  const named = [network_id, network, cidr].filter((text) => text !== undefined && text !== null);
  if (networks && named.length > 0) {
    throw new PoolError('invalid_request', 'networks is invalid: leave network_id, network and cidr away', {
      field: 'networks',
    });
  }
  if (networks) return networks;
  const [first] = named;
  if (first !== undefined) return [first];
  throw new PoolError('invalid_request', 'network is missing: the id, name or CIDR of a network', { field: 'network' });
}

/**
 * The requests that a body stands for: one; one for each network; or one for each address of a list.
 *
 * @param key that of the Idempotency-Key header, for those who name no VM
 */
export function requestsOf(body: AllocationBody, key: string | undefined): AllocationRequest[] {
  const networks = networksOf(body);
  const count = body.count === 0 ? 1 : (body.count ?? undefined); // go-ipam sends 0 for none
  const isList = body.contiguous === false && count !== undefined && count > 1;
  if (!isList) return networks.map((network) => requestOf(body, network, count, ownerOf(body, key, 0)));
  if (typeof body.ip === 'string' || typeof body.prefix_length === 'number') {
    throw new PoolError('invalid_request', 'contiguous must be true, or left away, with ip and prefix_length', {
      field: 'contiguous',
    });
  }
  if (count > 10_000) {
    throw new PoolError('invalid_request', 'count is invalid: a list has at most 10000 addresses', { field: 'count' });
  }
  return networks.flatMap((network) =>
    Array.from({ length: count }, (_, index) => requestOf(body, network, undefined, ownerOf(body, key, index))),
  );
}

/** One of a bulk. @param key one for each of them */
export function bulkItemOf(item: BulkItem, key: string | undefined): AllocationRequest {
  const [network = ''] = networksOf(item);
  const count = item.count === 0 ? 1 : (item.count ?? undefined);
  return requestOf(item, network, count, ownerOf(item, key, 0));
}

/** One that is imported: its network may be known by its address alone. */
export function importedOf(item: BulkItem): AllocationRow {
  // An id is of the installation that it comes from: what says the same here stands before it.
  const network = item.network ?? item.cidr ?? item.network_id ?? undefined;
  if (network === undefined && !item.ip) {
    throw new PoolError('invalid_request', 'ip is missing: an address, or a network to pick one from', { field: 'ip' });
  }
  const count = item.count === 0 ? 1 : (item.count ?? undefined);
  return { ...requestOf(item, '', count, ownerOf(item, undefined, 0)), network };
}

/** The others of a list have names that nobody else can have, so that asking again finds them: `eth0`, `eth0#1`, `eth0#2` … */
function ownerOf({ vm_id, nic }: BulkItem, key: string | undefined, index: number): AllocationRequest['owner'] {
  if (vm_id !== undefined && vm_id !== null) {
    return { vm_id, nic: index === 0 ? (nic ?? '') : `${nic ?? ''}#${index}` };
  }
  if (nic) throw new PoolError('invalid_request', 'nic is of no use without vm_id: name the VM', { field: 'nic' });
  return key === undefined
    ? { vm_id: '', nic: '' }
    : { vm_id: '', nic: '', key: index === 0 ? key : `${key} #${index}` };
}

function requestOf(
  item: BulkItem,
  network: string,
  count: number | undefined,
  owner: AllocationRequest['owner'],
): AllocationRequest {
  const { vrf, hostname, mac, description, tags, ip, prefix_length } = item;
  return {
    network,
    vrf: vrf ?? undefined,
    owner,
    attributes: {
      hostname: hostname === '' ? undefined : (hostname ?? undefined),
      mac: macOf(mac),
      description: description === '' ? undefined : (description ?? undefined),
      tags: tags ?? undefined,
    },
    ttl: ttlOf(item),
    ip: ip === '' ? undefined : (ip ?? undefined),
    count,
    prefixLength: prefix_length ?? undefined,
  };
}

/** `auto`, or a MAC in its one spelling; null clears it. */
export function macOf(mac: string | null | undefined): string | undefined {
  if (mac === undefined || mac === null || mac === '') return undefined;
  return mac === 'auto' ? mac : macField('mac', mac);
}

/** Seconds. go-ipam sends 0 for none. */
export function ttlOf({ ttl, ttl_hours }: { ttl?: number | null; ttl_hours?: number | null }): number | undefined {
  const fromHours = ttl_hours === undefined || ttl_hours === null ? undefined : Math.ceil(ttl_hours * 3600);
  const seconds = ttl === 0 ? undefined : (ttl ?? undefined);
  if (seconds !== undefined && fromHours !== undefined && seconds !== fromHours) {
    throw new PoolError('invalid_request', 'ttl and ttl_hours say different things: give one', { field: 'ttl' });
  }
  return seconds ?? fromHours;
}
