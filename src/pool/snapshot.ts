import { formatAddress } from '../net/address.ts';
import { lastAddress, parseCidr } from '../net/cidr.ts';
import { type Allocation, ownerOf, sameOwner } from './allocation.ts';
import type {
  InNetwork,
  IpAllocated,
  IpCooling,
  IpUpdated,
  NetworkAdded,
  NetworkUpdated,
  Origin,
  PoolEvent,
  ReservationAdded,
} from './events.ts';
import type { CoolingSpan } from './cooling-span.ts';
import { isWithin } from './cooldown.ts';
import type { Network } from './network.ts';
import { type Pool, settingsOf } from './pool.ts';
import type { Reservation } from './reservation.ts';

const SNAPSHOT: Omit<Origin, 'at'> = { actor: 'snapshot', request_id: '' };

/**
 * The shortest history that leads to the state of now: apply it to an empty pool and you have the same pool.
 *
 * The state is that of the moment when this is called; the events are made one by one as they are asked for, so that a
 * caller can spread them over time while the pool goes on changing. See {@link ./frozen.ts} for what that costs.
 */
export function snapshotOf(pool: Pool): Iterable<PoolEvent> {
  const frozen = [...pool.networks].map((network) => ({
    added: added(network),
    where: whereOf(network),
    text: writer(network),
    cursor: network.cursor,
    allocations: network.snapshotView(),
    superseded: network.cooldown.superseded(),
    memories: network.cooldown.kept(),
    reservations: [...network.reservations.values()],
  }));
  const { time } = pool;
  return (function* () {
    for (const { added, where, text, cursor, allocations, superseded, memories, reservations } of frozen) {
      yield added;
      for (const reservation of reservations) yield reserved(where, text, reservation);
      // Requested: so that they do not move a cursor that nothing has moved.
      const requested = cursor === undefined ? { requested: true as const } : undefined;
      for (const allocation of allocations) yield allocated(where, text, allocation, requested);
      for (const memory of superseded) yield { ...remembered(where, text, memory), superseded: true };
      for (const memory of memories) yield remembered(where, text, memory);
      if (cursor !== undefined) yield { type: 'cursor_moved', ...where, ip: text(cursor) };
    }
    if (time > 0) yield { type: 'time_told', at: time };
  })();
}

/** An allocation as a snapshot would hold it after an event that changes it; undefined when its owner does not hold it. */
export function allocationAfter(pool: Pool, event: IpUpdated): IpAllocated | undefined {
  const network = pool.find(event.network);
  const offset = network?.offsetOf(event.ip);
  const held = offset === undefined ? undefined : network?.byOffset(offset);
  if (!network || !held || (held.vm_id !== event.vm_id && !sameOwner(held, event))) return undefined;
  return allocated(whereOf(network), writer(network), held.with(event), { requested: true });
}

/**
 * What a snapshot would hold of released addresses and does not after an event that gives some, and the other way round.
 * Undefined: there are none in its network, nor will there be while its settings are these.
 */
export function cooldownAfter(pool: Pool, event: IpAllocated): { before: IpCooling[]; after: IpCooling[] } | undefined {
  const network = pool.find(event.network);
  if (network && !network.hasCooldown) return undefined;
  const offset = network?.offsetOf(event.ip);
  if (!network || offset === undefined) return { before: [], after: [] };
  const last = event.end_ip === undefined ? offset : (network.offsetOf(event.end_ip) ?? offset);
  const { kept, superseded, keptOn, coolingOn } = network.cooldown.ending({ ...ownerOf(event), offset, last });
  const told = (memory: CoolingSpan) => remembered(whereOf(network), writer(network), memory);
  const toldSuperseded = (memory: CoolingSpan): IpCooling => ({ ...told(memory), superseded: true });
  return {
    before: [...kept.map(told), ...superseded.map(toldSuperseded)],
    after: [...keptOn.map(told), ...coolingOn.map(toldSuperseded)],
  };
}

/** A network as a snapshot would hold it, before and after an event that changes it, and what it forgets with that. */
export function networkAfter(pool: Pool, event: NetworkUpdated) {
  const network = pool.find(event.network);
  if (!network) return undefined;
  const before = added(network);
  const { network: id, cidr, gateway: first, at, actor, request_id } = before;
  const gateway = event.gateway === undefined ? first : (event.gateway ?? undefined);
  const after: NetworkAdded = {
    type: 'network_added',
    network: id,
    ...network.vrfField,
    cidr: event.cidr ?? cidr,
    ...(gateway === undefined ? {} : { gateway }),
    ...settingsOf(event),
    ...{ at, actor, request_id },
    updated_at: event.at,
  };
  return { before, after, forgotten: after.cidr === cidr ? [] : outside(network, after.cidr) };
}

/** What is remembered of addresses that are not, or not all of them, within a CIDR. */
function outside(network: Network, cidrText: string): IpCooling[] {
  const cidr = parseCidr(cidrText) ?? network.cidr;
  const span = { first: cidr.base - network.origin, last: lastAddress(cidr) - network.origin };
  const of = (memories: readonly CoolingSpan[]) =>
    memories
      .filter((memory) => !isWithin(memory, span))
      .map((memory) => remembered(whereOf(network), writer(network), memory));
  const { cooldown: memories } = network;
  return [...of(memories.kept()), ...of(memories.superseded()).map((each) => ({ ...each, superseded: true as const }))];
}

/** Writes offsets as addresses, also after the network has changed or is gone. */
type Text = (offset: bigint) => string;

function writer({ origin, cidr: { family } }: Network): Text {
  return (offset) => formatAddress(family, origin + offset);
}

function whereOf({ id, vrfField }: Network): InNetwork {
  return { network: id, ...vrfField };
}

function added(network: Network): NetworkAdded {
  const { id, vrfField, cidrText, gatewayText, settings, created_at, updated_at } = network;
  return {
    type: 'network_added',
    network: id,
    ...vrfField,
    cidr: cidrText,
    ...(gatewayText === undefined ? {} : { gateway: gatewayText }),
    ...settings,
    ...SNAPSHOT,
    at: created_at,
    ...(updated_at === created_at ? {} : { updated_at }),
  };
}

function reserved(where: InNetwork, text: Text, reservation: Reservation): ReservationAdded {
  const { id, first, last, reason, owner, expires_at, created_at } = reservation;
  return {
    type: 'reservation_added',
    ...where,
    reservation: id,
    range: first === last ? text(first) : `${text(first)}-${text(last)}`,
    reason,
    ...owner,
    ...(expires_at === undefined ? {} : { expires_at }),
    ...SNAPSHOT,
    at: created_at,
  };
}

function allocated(
  where: InNetwork,
  text: Text,
  allocation: Allocation,
  requested: { readonly requested: true } | undefined,
): IpAllocated {
  return {
    type: 'ip_allocated',
    ...where,
    ...place(text, allocation),
    ...ownerOf(allocation),
    ...allocation.attributes,
    ...requested,
    ...SNAPSHOT,
    at: allocation.allocated_at,
  };
}

function remembered(where: InNetwork, text: Text, memory: CoolingSpan): IpCooling {
  const { cooling_until, sticky_until } = memory;
  return {
    type: 'ip_remembered',
    ...where,
    ...place(text, memory),
    ...ownerOf(memory),
    ...(cooling_until > 0 ? { cooling_until } : {}),
    ...(sticky_until > 0 ? { sticky_until } : {}),
  };
}

function place(text: Text, { offset, last }: { readonly offset: bigint; readonly last: bigint }) {
  return offset === last ? { ip: text(offset) } : { ip: text(offset), end_ip: text(last) };
}
