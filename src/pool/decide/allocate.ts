import { BITS } from '../../net/address.ts';
import { firstAttemptIn, macOf } from '../../net/mac.ts';
import type { Allocation } from '../allocation.ts';
import { PoolError } from '../../errors.ts';
import type { Attributes, IpAllocated, Origin, Owner, PoolEvent } from '../events.ts';
import type { Network } from '../network.ts';
import type { Pool } from '../pool.ts';
import type { Strategy } from '../strategy.ts';
import { findPlace } from './place.ts';
import { type AttributesSpec, decideUpdate, merge } from './update.ts';

const NONE: Attributes = {};
const REQUESTED = { requested: true } as const;

/** What somebody asks an address for, and how it should be. */
export interface AllocationSpec {
  readonly owner: Owner;
  /** Undefined or null: as it is; `mac: 'auto'` makes one of the address. */
  readonly attributes: AttributesSpec;
  /** Seconds until it ends by itself. Undefined: never, or as it is. */
  readonly ttl?: number | undefined;
  /** This address, or a range that begins with it. */
  readonly ip?: string | undefined;
  /** A range of so many addresses; undefined: 1. */
  readonly count?: number | undefined;
  /** A prefix of this length instead of addresses. */
  readonly prefixLength?: number | undefined;
}

/**
 * Gives an owner an address, a range or a prefix. The owner who holds one keeps it: then the events say what changes of
 * its attributes, and are none when nothing does. A repeat with a `ttl` begins that time anew.
 *
 * @throws PoolError `pool_exhausted`, `network_draining`; `address_mismatch` when it holds something else;
 *   `invalid_address`, `address_taken`, `address_reserved` when a named address cannot be had
 */
export function decideAllocate(
  pool: Pool,
  network: Network,
  spec: AllocationSpec,
  strategy: Strategy,
  origin: Origin,
): PoolEvent[] {
  const size = sizeOf(network, spec);
  const lease = spec.ttl === undefined ? NONE : { expires_at: origin.at + spec.ttl * 1000, ttl: spec.ttl };
  const held = network.byOwner(spec.owner);
  if (held) {
    refuseOther(network, held, spec, size);
    const mac = spec.attributes.mac === 'auto' ? held.attributes.mac : spec.attributes.mac;
    const attributes = { ...withoutNulls(spec.attributes), ...lease };
    // Whoever asks lives, whatever a list of living VMs said.
    const alive = held.attributes.missing_since === undefined ? {} : { missing_since: null };
    const auto = mac ?? macFor(pool, network, held.offset, spec);
    return decideUpdate(network, held, { ...attributes, ...alive, mac: auto }, origin);
  }
  if (network.settings.drain) {
    throw new PoolError('network_draining', `Network ${network.id} is drained: it gives no new addresses`, {
      network: network.id,
    });
  }
  const { owner, ip } = spec;
  const place = findPlace(network, { owner, ip, size, isPrefix: spec.prefixLength !== undefined }, strategy, origin.at);
  const { attributes, prefixLength } = spec;
  const { at, actor, request_id } = origin;
  const { vm_id, nic, key } = owner;
  const event: IpAllocated = {
    type: 'ip_allocated',
    network: network.id,
    ip: network.ipAt(place.offset),
    vm_id,
    nic,
    at,
    actor,
    request_id,
  };
  // Nearly always there is no more to say: assigned, since spreads would take longer than all of the rest.
  Object.assign(
    event,
    network.vrfField,
    place.last === place.offset ? undefined : { end_ip: network.ipAt(place.last) },
    key === undefined ? undefined : { key },
    merge(lease, attributes),
    attributes.mac === 'auto' ? { mac: macFor(pool, network, place.offset, spec) } : undefined,
    prefixLength === undefined ? undefined : { prefix_length: prefixLength },
    place.requested ? REQUESTED : undefined,
  );
  return [event];
}

function sizeOf(network: Network, { count, prefixLength }: AllocationSpec): bigint {
  if (prefixLength === undefined) return BigInt(count ?? 1);
  const { cidr } = network;
  if (count !== undefined) {
    throw new PoolError('invalid_request', 'count must be left away with prefix_length, which says how many', {
      field: 'count',
    });
  }
  if (cidr.family === 4) {
    throw new PoolError('invalid_request', 'prefix_length is invalid: only IPv6 networks delegate prefixes', {
      field: 'prefix_length',
    });
  }
  if (prefixLength >= cidr.prefixLength && prefixLength <= BITS[cidr.family]) {
    return 1n << BigInt(BITS[cidr.family] - prefixLength);
  }
  throw new PoolError(
    'invalid_request',
    `prefix_length is invalid: network ${network.cidrText} has prefixes from /${cidr.prefixLength} to /${BITS[cidr.family]}`,
    { field: 'prefix_length' },
  );
}

function refuseOther(
  network: Network,
  held: Allocation,
  { ip, owner, prefixLength, count }: AllocationSpec,
  size: bigint,
): void {
  const has = network.ipAt(held.offset);
  const isAsked = ip === undefined || network.offsetOf(ip) === held.offset;
  const isAlike = held.attributes.prefix_length === prefixLength;
  const isSized = isAlike && (count === undefined || size === held.size);
  if (isAsked && isSized) return;
  const who = owner.vm_id === '' ? 'whoever used this Idempotency-Key' : owner.vm_id;
  const what = held.size === 1n ? has : `${has} to ${network.ipAt(held.last)}`;
  throw new PoolError('address_mismatch', `${who} holds ${what} in network ${network.id} already: release it first`, {
    field: !isAsked ? 'ip' : count === undefined ? 'prefix_length' : 'count',
    network: network.id,
    ip: has,
    vm_id: owner.vm_id,
  });
}

/** A MAC derived from the address that no other allocation of the VRF has; undefined unless the request is for `auto`. */
export function macFor(
  pool: Pool,
  network: Network,
  offset: bigint,
  { attributes }: Pick<AllocationSpec, 'attributes'>,
): string | undefined {
  if (attributes.mac !== 'auto') return undefined;
  const { family } = network.cidr;
  for (let attempt = firstAttemptIn(network.vrf); ; attempt++) {
    const mac = macOf(family, network.origin + offset, attempt);
    if (!pool.hasMac(mac, network.vrf)) return mac;
  }
}

/** Asking for an address, null is the same as nothing. */
function withoutNulls(spec: AttributesSpec): AttributesSpec & Attributes {
  const given: Record<string, unknown> = {};
  for (const name in spec) {
    const value = spec[name as keyof Attributes];
    if (value !== null && value !== undefined && !(name === 'mac' && value === 'auto')) given[name] = value;
  }
  return given;
}
