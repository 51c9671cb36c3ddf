import { type Address, formatAddress } from '../../net/address.ts';
import { type Cidr, contains, firstHost, formatCidr, lastAddress, lastHost } from '../../net/cidr.ts';
import { formatRange, normalizeRanges, parseRange, type Range } from '../../net/range.ts';
import { DEFAULT_VRF, isVrfName, VRF_RULE } from '../../net/vrf.ts';
import type { Allocation } from '../allocation.ts';
import { PoolError } from '../../errors.ts';
import type { NetworkSettings, Origin, PoolEvent } from '../events.ts';
import type { Network } from '../network.ts';
import type { Pool } from '../pool.ts';
import { decideRelease } from './release.ts';

/** Settings of a network as requested. Undefined: unchanged, or the default; null: removed. */
export interface NetworkSpec {
  /** Set when the network is added, and never changed. */
  readonly vrf?: string | undefined;
  readonly cidr?: Cidr | undefined;
  readonly gateway?: Address | null | undefined;
  readonly excluded?: readonly Range[] | undefined;
  readonly ranges?: readonly Range[] | undefined;
  readonly strategy?: NetworkSettings['strategy'] | undefined;
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
  readonly tags?: readonly string[] | undefined;
  /** Seconds. */
  readonly cooldown_seconds?: number | undefined;
  /** Seconds. */
  readonly sticky_seconds?: number | undefined;
  readonly cooldown_policy?: NetworkSettings['cooldown_policy'] | undefined;
  readonly drain?: boolean | undefined;
}

/** Prefix lengths of networks: from the largest to the smallest. */
export const PREFIX_LENGTHS = { 4: [8, 32], 6: [16, 128] } as const;
/** Live allocations that an error names at most. */
const NAMED = 100;

/**
 * Adds a network.
 *
 * @throws PoolError `usage` when the VRF has an invalid name, or the gateway or a range is not inside the network;
 *   `network_overlap`, `network_exists`
 */
export function decideAddNetwork(
  pool: Pool,
  id: string,
  spec: NetworkSpec & { readonly cidr: Cidr },
  origin: Origin,
): PoolEvent[] {
  if (pool.find(id)) throw new PoolError('network_exists', `There is a network ${id} already`, { network: id });
  const { vrf = DEFAULT_VRF } = spec;
  if (!isVrfName(vrf)) throw new PoolError('usage', `vrf is invalid: it must be ${VRF_RULE}`, { field: 'vrf' });
  const settings = settingsOf(spec, spec.cidr, { excluded: [], strategy: 'round-robin' });
  const gateway = gatewayIn(spec.cidr, spec.gateway ?? undefined);
  refuseMisfit(pool, undefined, vrf, spec.cidr, settings);
  return [
    {
      type: 'network_added',
      network: id,
      ...(vrf === DEFAULT_VRF ? {} : { vrf }),
      cidr: formatCidr(spec.cidr),
      ...(gateway === undefined ? {} : { gateway: formatAddress(spec.cidr.family, gateway) }),
      ...settings,
      ...origin,
    },
  ];
}

/**
 * Changes what is given; no event when nothing differs.
 *
 * @throws PoolError as {@link decideAddNetwork}, and `network_in_use` with the live allocations that would be left outside
 */
export function decideUpdateNetwork(pool: Pool, network: Network, spec: NetworkSpec, origin: Origin): PoolEvent[] {
  if (spec.vrf !== undefined && spec.vrf !== network.vrf) throw otherVrf(network);
  const cidr = spec.cidr ?? network.cidr;
  const gateway = spec.gateway === undefined ? network.gateway : gatewayIn(cidr, spec.gateway ?? undefined);
  if (cidr.family !== network.cidr.family) {
    throw new PoolError('usage', `cidr ${formatCidr(cidr)} is of another family than ${network.cidrText}`, {
      field: 'cidr',
    });
  }
  const settings = settingsOf(spec, cidr, network.settings);
  const before = { cidr: network.cidrText, gateway: network.gatewayText ?? null, ...network.settings };
  const after = {
    cidr: formatCidr(cidr),
    gateway: gateway === undefined ? null : formatAddress(cidr.family, gateway),
    ...settings,
  };
  if (canonical(before) === canonical(after)) return [];
  refuseMisfit(pool, network, network.vrf, cidr, settings);
  if (spec.gateway === undefined && gateway !== undefined) gatewayIn(cidr, { family: cidr.family, value: gateway });
  refuseOrphans(network, cidr, gateway, settings);
  return [{ type: 'network_updated', network: network.id, ...network.vrfField, ...after, ...origin }];
}

/**
 * Removes a network.
 *
 * @param force releases what is allocated, which only a drained network permits
 * @throws PoolError `network_in_use`
 */
export function decideRemoveNetwork(network: Network, force: boolean, origin: Origin): PoolEvent[] {
  if (network.count > 0 && !(force && network.settings.drain)) {
    const held = `holds ${network.count} ${network.count === 1 ? 'allocation' : 'allocations'}`;
    const drain = `drain it (PATCH {"drain":true}, or ippool network update ${network.id} --drain)`;
    const text = force
      ? `${held} and is not drained: first ${drain}`
      : `${held}: release them first; or ${drain}, then delete it with force (?force=true, or --force)`;
    throw inUse(network, network.allocations(), text);
  }
  const released = [...network.allocations()].flatMap((allocation) =>
    decideRelease(network, allocation, 'network_removed', origin),
  );
  return [
    ...released,
    { type: 'network_removed', network: network.id, ...network.vrfField, cidr: network.cidrText, ...origin },
  ];
}

function settingsOf(spec: NetworkSpec, cidr: Cidr, before: NetworkSettings): NetworkSettings {
  const text = (now: string | null | undefined, then: string | undefined) =>
    now === undefined ? then : (now ?? undefined);
  const ranges = rangeTexts(cidr, spec.ranges ?? rangesOf(before.ranges ?? []), 'ranges');
  const name = text(spec.name, before.name);
  const description = text(spec.description, before.description);
  const tags = spec.tags ?? before.tags;
  const cooldown_seconds = spec.cooldown_seconds ?? before.cooldown_seconds;
  const sticky_seconds = spec.sticky_seconds ?? before.sticky_seconds;
  const cooldown_policy = spec.cooldown_policy ?? before.cooldown_policy;
  return {
    excluded: spec.excluded ? rangeTexts(cidr, spec.excluded, 'excluded') : before.excluded,
    strategy: spec.strategy ?? before.strategy,
    ...(ranges.length > 0 ? { ranges } : {}),
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    ...(tags && tags.length > 0 ? { tags } : {}),
    ...(cooldown_seconds ? { cooldown_seconds } : {}),
    ...(sticky_seconds ? { sticky_seconds } : {}),
    ...(cooldown_policy && cooldown_policy !== 'refuse' ? { cooldown_policy } : {}),
    ...((spec.drain ?? before.drain) ? { drain: true } : {}),
  };
}

function rangesOf(texts: readonly string[]): Range[] {
  return texts.flatMap((text) => parseRange(text) ?? []);
}

/** Ranges in one spelling, so that the same set always compares equal. */
function rangeTexts(cidr: Cidr, ranges: readonly Range[], field: string): string[] {
  for (const range of ranges) {
    if (range.family !== cidr.family || range.first < cidr.base || range.last > lastAddress(cidr)) {
      const text = `${field} ${formatRange(range)} is not inside ${formatCidr(cidr)}: leave it out or correct it`;
      throw new PoolError('usage', text, { field });
    }
  }
  return normalizeRanges(ranges).map(formatRange);
}

function refuseMisfit(
  pool: Pool,
  network: Network | undefined,
  vrf: string,
  cidr: Cidr,
  { name }: NetworkSettings,
): void {
  const { family, prefixLength } = cidr;
  const text = formatCidr(cidr);
  const [largest, smallest] = PREFIX_LENGTHS[family];
  if (prefixLength < largest || prefixLength > smallest) {
    throw new PoolError('usage', `cidr ${text} must be from /${largest} to /${smallest}`, { field: 'cidr' });
  }
  const other = pool.overlapping(cidr, vrf, network);
  if (other) {
    const called = other.settings.name === undefined ? other.id : `${other.id} (${other.settings.name})`;
    throw new PoolError('network_overlap', `cidr ${text} overlaps ${other.cidrText} of network ${called}`, {
      field: 'cidr',
      network: other.id,
      cidr: other.cidrText,
    });
  }
  for (const other of pool.networks) {
    const isNamesake = other.vrf === vrf && other.settings.name === name;
    if (name === undefined || other === network || (!isNamesake && other.id !== name)) continue;
    throw new PoolError('network_exists', `name ${name} is that of network ${other.id} already`, {
      field: 'name',
      network: other.id,
    });
  }
}

function otherVrf({ id, vrf }: Network): PoolError {
  const text = `vrf is invalid: network ${id} belongs to ${vrf}, which never changes. Add a network to the other VRF instead`;
  return new PoolError('invalid_request', text, { field: 'vrf', network: id });
}

function gatewayIn(cidr: Cidr, gateway: Address | undefined): bigint | undefined {
  if (!gateway) return undefined;
  const { family, value } = gateway;
  const [first, last] = [firstHost(cidr), lastHost(cidr)];
  if (family === cidr.family && value >= first && value <= last) return value;
  throw new PoolError(
    'usage',
    `gateway ${formatAddress(family, value)} is not a host address of ${formatCidr(cidr)}: use one from ${formatAddress(cidr.family, first)} to ${formatAddress(cidr.family, last)}`,
    { field: 'gateway' },
  );
}

/** VMs out there have these addresses: they must not fall out of the network under them. */
function refuseOrphans(network: Network, cidr: Cidr, gateway: bigint | undefined, { ranges }: NetworkSettings): void {
  const { origin, cidr: before, settings } = network;
  if (
    gateway !== undefined &&
    gateway !== network.gateway &&
    contains(before, { family: before.family, value: gateway })
  ) {
    const holder = network.byOffset(gateway - origin);
    if (holder) throw inUse(network, [holder], 'has given the new gateway address to somebody');
  }
  const ends = { first: cidr.base - origin, last: lastAddress(cidr) - origin };
  const outside = [...network.reservations.values()].filter(
    ({ first, last }) => first < ends.first || last > ends.last,
  );
  if (outside.length > 0) {
    const reservations = outside.slice(0, NAMED).map(({ id }) => id);
    const text = `Network ${network.id} has reservations that this would leave outside: remove them first`;
    throw new PoolError('network_in_use', text, { network: network.id, reservations });
  }
  const isSame = cidr.base === before.base && cidr.prefixLength === before.prefixLength;
  if (isSame && canonical(ranges ?? []) === canonical(settings.ranges ?? [])) return;
  const shape = { cidr, gateway, settings: { ...settings, ranges: ranges ?? [] } };
  const orphans = network.orphans(shape, NAMED);
  if (orphans.length > 0) throw inUse(network, orphans, 'has live allocations that this would leave outside');
}

function inUse(network: Network, allocations: Iterable<Allocation>, what: string): PoolError {
  const named: { ip: string; vm_id: string }[] = [];
  for (const { offset, vm_id } of allocations) {
    if (named.length >= NAMED) break;
    named.push({ ip: network.ipAt(offset), vm_id });
  }
  return new PoolError('network_in_use', `Network ${network.id} ${what}`, {
    network: network.id,
    count: network.count,
    allocations: named,
  });
}

function canonical(value: object): string {
  return JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
