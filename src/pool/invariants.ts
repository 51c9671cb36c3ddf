import { parseAddress } from '../net/address.ts';
import { contains, lastAddress, parseCidr } from '../net/cidr.ts';
import { parseRange } from '../net/range.ts';
import { ownerKey, sameOwner } from './allocation.ts';
import type { IpAllocated, IpReleased, IpCooling, IpUpdated, NetworkSettings, PoolEvent } from './events.ts';
import { Assignable } from './assignable.ts';
import type { Network } from './network.ts';
import type { Pool } from './pool.ts';
import { STRATEGY_NAMES } from './strategy.ts';

/**
 * What is wrong with an event, given what happened before: the rule it breaks, in words; undefined when it is sound.
 * Asked before every event of a journal is applied, so that a journal that contradicts itself is never served from.
 */
export function violation(pool: Pool, event: PoolEvent): string | undefined {
  if (event.type === 'network_added') {
    if (pool.find(event.network)) return `network ${event.network} is added twice`;
    return badShape(pool, event.network, event.cidr, event.gateway, event);
  }
  if (event.type === 'time_told') return undefined;
  const network = pool.find(event.network);
  if (!network) return `network ${event.network} does not exist`;
  switch (event.type) {
    case 'network_updated': {
      const { cidr = network.cidrText, gateway = network.gatewayText } = event;
      return badShape(pool, event.network, cidr, gateway, event) ?? orphan(network, cidr, gateway);
    }
    case 'network_removed':
      return network.count > 0 ? `network ${event.network} is removed while it has allocations` : undefined;
    case 'reservation_added': {
      if (network.reservations.has(event.reservation)) return `reservation ${event.reservation} is added twice`;
      return badRanges(event.network, network.cidrText, [event.range]);
    }
    case 'reservation_removed':
      return network.reservations.has(event.reservation)
        ? undefined
        : `reservation ${event.reservation} does not exist`;
    case 'cursor_moved':
      return network.offsetOf(event.ip) === undefined ? `${event.ip} is not in network ${event.network}` : undefined;
    default:
      return badPlace(network, event);
  }
}

/** Applies an event unless it contradicts the state; returns the contradiction. */
export function admit(pool: Pool, event: PoolEvent): string | undefined {
  const contradiction = violation(pool, event);
  if (contradiction === undefined) pool.apply(event);
  return contradiction;
}

function badPlace(network: Network, event: IpAllocated | IpUpdated | IpReleased | IpCooling): string | undefined {
  const { ip, end_ip, vm_id } = event;
  const who = vm_id === '' ? 'an owner without a name' : vm_id;
  const offset = network.offsetOf(ip);
  const last = end_ip === undefined ? offset : network.offsetOf(end_ip);
  if (offset === undefined) return `${ip} is not in network ${network.id}`;
  if (last === undefined || last < offset) return `${String(end_ip)} is not behind ${ip} in network ${network.id}`;
  switch (event.type) {
    case 'ip_remembered': {
      const taken = event.cooling_until === undefined ? undefined : network.within({ first: offset, last });
      return taken && `${ip} is cooling while somebody holds ${network.ipAt(taken.offset)}`;
    }
    case 'ip_allocated': {
      const holder = network.within({ first: offset, last });
      if (holder) return `${ip} is given to ${who} while ${holder.vm_id} holds ${network.ipAt(holder.offset)}`;
      const other = network.byOwner(event);
      if (other) return `${who} is given ${ip} while it holds ${network.ipAt(other.offset)}`;
      // Exclusions are not looked at: an address that was excluded later than it was given stays with its holder. A
      // delegated prefix may begin with the network address.
      const isHost = network.assignable.isForHosts({ first: offset, last }, event.prefix_length !== undefined);
      return isHost ? undefined : `${ip} is or holds the network, broadcast or gateway address`;
    }
    default: {
      const holder = network.byOffset(offset);
      const isHolder = holder && holder.offset === offset && holder.last === last;
      const isOwner = holder && (sameOwner(holder, event) || (ownerKey(holder) ?? ownerKey(event)) === undefined);
      return isHolder && isOwner ? undefined : `${event.type} of ${ip} for ${who}, which does not hold it`;
    }
  }
}

function badShape(
  pool: Pool,
  id: string,
  cidrText: string,
  gatewayText: string | null | undefined,
  settings: NetworkSettings,
): string | undefined {
  const cidr = parseCidr(cidrText);
  if (!cidr) return `network ${id} has an invalid cidr ${cidrText}`;
  const other = pool.overlapping(cidr, pool.find(id));
  if (other) return `network ${id} (${cidrText}) overlaps network ${other.id} (${other.cidrText})`;
  if (typeof gatewayText === 'string') {
    const gateway = parseAddress(gatewayText);
    if (!gateway || !contains(cidr, gateway)) return `network ${id} has an invalid gateway ${gatewayText}`;
  }
  if (!STRATEGY_NAMES.includes(settings.strategy)) return `unknown strategy ${settings.strategy}`;
  const bad = settings.excluded.find((text) => !parseRange(text));
  return bad === undefined ? badRanges(id, cidrText, settings.ranges ?? []) : `invalid exclusion ${bad}`;
}

function badRanges(id: string, cidrText: string, texts: readonly string[]): string | undefined {
  const cidr = parseCidr(cidrText);
  for (const text of texts) {
    const range = parseRange(text);
    const inside = cidr && range?.family === cidr.family && range.first >= cidr.base && range.last <= lastAddress(cidr);
    if (!inside) return `${text} is not inside network ${id}`;
  }
  return undefined;
}

/** An allocation, or a reservation, that could not be where it is any more. */
function orphan(network: Network, cidrText: string, gatewayText: string | null | undefined): string | undefined {
  const cidr = parseCidr(cidrText);
  if (!cidr || (cidrText === network.cidrText && gatewayText === network.gatewayText)) return undefined;
  if (cidr.family !== network.cidr.family) return `network ${network.id} cannot become ${cidrText}`;
  const gateway = typeof gatewayText === 'string' ? parseAddress(gatewayText)?.value : undefined;
  const layout = new Assignable(cidr, gateway, { excluded: [] }, [], network.origin);
  const { first, last } = layout.space;
  for (const reservation of network.reservations.values()) {
    if (reservation.first >= first && reservation.last <= last) continue;
    return `reservation ${reservation.id} would be left outside of ${cidrText}`;
  }
  // Those at the ends and at the gateway are enough: the others are within.
  const at = gateway === undefined ? [] : network.allocations(gateway - network.origin);
  for (const allocations of [network.allocations(), network.allocations(last), at]) {
    for (const { offset, last: end, attributes } of allocations) {
      const isPrefix = attributes.prefix_length !== undefined;
      if (layout.isForHosts({ first: offset, last: end }, isPrefix)) break;
      return `${network.ipAt(offset)} would be left outside of ${cidrText}, or be its network, broadcast or gateway address`;
    }
  }
  return undefined;
}
