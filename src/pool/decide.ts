import { formatIPv4 } from '../net/address.ts';
import { type Cidr, contains, firstHost, formatCidr, lastHost } from '../net/cidr.ts';
import { formatRange, normalizeRanges, type Range } from '../net/range.ts';
import { PoolError } from './errors.ts';
import type { NetworkSettings, Origin, Owner, PoolEvent } from './events.ts';
import type { Allocation, Network } from './network.ts';
import type { Strategy } from './strategy.ts';

// Decisions read the state and change nothing: they return the events that would make it so, or throw a coded error.
// A dry run is a decision that nobody commits.

/** A network as an operator asks for it. */
export interface NetworkRequest {
  readonly cidr: Cidr;
  /** Undefined: the first host address. */
  readonly gateway: number | undefined;
  readonly excluded: readonly Range[];
  readonly strategy: NetworkSettings['strategy'];
}

/** Adds a network. @throws PoolError `usage` when the gateway is no host address of it or a range lies outside. */
export function decideAddNetwork(id: string, request: NetworkRequest, origin: Origin): PoolEvent[] {
  const { cidr, gateway = firstHost(cidr), strategy } = request;
  const text = formatCidr(cidr);
  if (!contains(cidr, gateway) || gateway < firstHost(cidr) || gateway > lastHost(cidr)) {
    throw new PoolError(
      'usage',
      `gateway ${formatIPv4(gateway)} is not a host address of ${text}: use one from ${formatIPv4(firstHost(cidr))} to ${formatIPv4(lastHost(cidr))}`,
      { field: 'gateway' },
    );
  }
  const excluded = excludedTexts(cidr, request.excluded);
  return [
    { type: 'network_added', network: id, cidr: text, gateway: formatIPv4(gateway), excluded, strategy, ...origin },
  ];
}

/** Changes the settings that are given; no event when nothing differs. @throws PoolError `usage` for a foreign range. */
export function decideUpdateNetwork(
  network: Network,
  change: {
    readonly excluded?: readonly Range[] | undefined;
    readonly strategy?: NetworkSettings['strategy'] | undefined;
  },
  origin: Origin,
): PoolEvent[] {
  const before = network.settings;
  const excluded = change.excluded ? excludedTexts(network.cidr, change.excluded) : before.excluded;
  const strategy = change.strategy ?? before.strategy;
  if (strategy === before.strategy && excluded.join() === before.excluded.join()) return [];
  return [{ type: 'network_updated', network: network.id, excluded, strategy, ...origin }];
}

/**
 * Gives an owner an address. The owner who holds one keeps it: then the events say what changes of its attributes, and
 * are none when nothing does.
 *
 * @throws PoolError `pool_exhausted` when no address is free
 */
export function decideAllocate(
  network: Network,
  owner: Owner,
  hostname: string | undefined,
  strategy: Strategy,
  origin: Origin,
): PoolEvent[] {
  const { vm_id, nic } = owner;
  const held = network.byOwner(owner);
  if (held) {
    if (hostname === undefined || hostname === held.hostname) return [];
    return [
      { type: 'ip_updated', network: network.id, ip: network.ipAt(held.offset), vm_id, nic, hostname, ...origin },
    ];
  }
  const offset = strategy.pick(network.free, network.cursor);
  if (offset === undefined) {
    throw new PoolError('pool_exhausted', 'No available IPs in pool', {
      network: network.id,
      cidr: network.cidrText,
      allocated: network.allocated,
    });
  }
  const ip = network.ipAt(offset);
  return [
    hostname === undefined
      ? { type: 'ip_allocated', network: network.id, ip, vm_id, nic, ...origin }
      : { type: 'ip_allocated', network: network.id, ip, vm_id, nic, hostname, ...origin },
  ];
}

/** Takes an address back from its owner. */
export function decideRelease(network: Network, { vm_id, nic, offset }: Allocation, origin: Origin): PoolEvent[] {
  return [{ type: 'ip_released', network: network.id, ip: network.ipAt(offset), vm_id, nic, ...origin }];
}

/** Exclusions in one spelling, so that the same set always compares equal. */
function excludedTexts(cidr: Cidr, ranges: readonly Range[]): string[] {
  for (const range of ranges) {
    if (!contains(cidr, range.first) || !contains(cidr, range.last)) {
      throw new PoolError(
        'usage',
        `exclude ${formatRange(range)} is not inside ${formatCidr(cidr)}: leave it out or correct it`,
        { field: 'exclude' },
      );
    }
  }
  return normalizeRanges(ranges).map(formatRange);
}
