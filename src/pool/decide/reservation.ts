import { formatAddress } from '../../net/address.ts';
import { lastAddress } from '../../net/cidr.ts';
import { formatRange, type Range } from '../../net/range.ts';
import { sameOwner } from '../allocation.ts';
import { PoolError } from '../../errors.ts';
import type { Origin, Owner, PoolEvent, ReservationAdded } from '../events.ts';
import type { Network } from '../network.ts';

export interface ReservationSpec {
  readonly range: Range;
  readonly reason: string;
  /** Undefined: for nobody. */
  readonly owner: Owner | undefined;
  /** Milliseconds since 1970; undefined: never. */
  readonly expires_at: number | undefined;
}

/**
 * Reserves addresses, for one owner or for nobody.
 *
 * @throws PoolError `invalid_address` outside the network, `reservation_overlap`, `address_taken` when somebody else holds one
 */
export function decideReserve(network: Network, id: string, spec: ReservationSpec, origin: Origin): [ReservationAdded] {
  const { range, reason, owner, expires_at } = spec;
  const { cidr } = network;
  const text = formatRange(range);
  if (range.family !== cidr.family || range.first < cidr.base || range.last > lastAddress(cidr)) {
    throw new PoolError('invalid_address', `range ${text} is not inside ${network.cidrText}`, { field: 'range' });
  }
  const first = range.first - network.origin;
  const last = range.last - network.origin;
  for (const other of network.reservations.values()) {
    if (other.first > last || other.last < first) continue;
    throw new PoolError('reservation_overlap', `range ${text} overlaps reservation ${other.id} (${other.reason})`, {
      field: 'range',
      reservation: other.id,
    });
  }
  for (const allocation of network.allocations(first)) {
    if (allocation.offset > last) break;
    if (owner && sameOwner(allocation, owner)) continue;
    const ip = formatAddress(cidr.family, network.origin + allocation.offset);
    throw new PoolError('address_taken', `${ip} is held by ${allocation.vm_id}: release it first`, {
      field: 'range',
      ip,
      vm_id: allocation.vm_id,
    });
  }
  return [
    {
      type: 'reservation_added',
      network: network.id,
      ...network.vrfField,
      reservation: id,
      range: text,
      reason,
      ...(owner ? { vm_id: owner.vm_id, nic: owner.nic } : {}),
      ...(expires_at === undefined ? {} : { expires_at }),
      ...origin,
    },
  ];
}

/** Ends a reservation. @throws PoolError `reservation_not_found` */
export function decideUnreserve(
  network: Network,
  id: string,
  reason: 'removed' | 'expired',
  origin: Origin,
): PoolEvent[] {
  const reservation = network.reservations.get(id);
  if (!reservation) {
    throw new PoolError('reservation_not_found', `Network ${network.id} has no reservation ${id.slice(0, 64)}`, {
      network: network.id,
    });
  }
  const { first, last } = reservation;
  const text = first === last ? network.ipAt(first) : `${network.ipAt(first)}-${network.ipAt(last)}`;
  return [
    {
      type: 'reservation_removed',
      network: network.id,
      ...network.vrfField,
      reservation: id,
      range: text,
      reason,
      ...origin,
    },
  ];
}
