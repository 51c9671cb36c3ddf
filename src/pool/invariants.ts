import { parseIPv4 } from '../net/address.ts';
import { contains, parseCidr } from '../net/cidr.ts';
import { parseRange } from '../net/range.ts';
import type { PoolEvent } from './events.ts';
import { STRATEGY_NAMES } from './strategy.ts';
import type { Pool } from './pool.ts';

const TYPES: Readonly<Record<PoolEvent['type'], true>> = {
  network_added: true,
  network_updated: true,
  ip_allocated: true,
  ip_updated: true,
  ip_released: true,
  cursor_moved: true,
};

/**
 * What is wrong with an event, given what happened before: the rule it breaks, in words; undefined when it is sound.
 * Asked before every event of a journal is applied, so that a journal that contradicts itself is never served from.
 */
export function violation(pool: Pool, event: PoolEvent): string | undefined {
  if (!Object.hasOwn(TYPES, event.type)) return `unknown event ${event.type}: a newer ippool may have written it`;
  if (event.type === 'network_added') {
    if (pool.find(event.network)) return `network ${event.network} is added twice`;
    const cidr = parseCidr(event.cidr);
    if (!cidr) return `network ${event.network} has an invalid cidr ${event.cidr}`;
    const gateway = parseIPv4(event.gateway);
    if (gateway === undefined || !contains(cidr, gateway)) {
      return `network ${event.network} has an invalid gateway ${event.gateway}`;
    }
    return badSettings(event);
  }
  const network = pool.find(event.network);
  if (!network) return `network ${event.network} does not exist`;
  if (event.type === 'network_updated') return badSettings(event);
  const offset = network.offsetOf(event.ip);
  if (offset === undefined) return `${event.ip} is not in network ${event.network}`;
  if (event.type === 'cursor_moved') return undefined;

  const holder = network.byOffset(offset);
  const isHolder = holder?.vm_id === event.vm_id && holder.nic === event.nic;
  if (event.type === 'ip_allocated') {
    if (holder) return `${event.ip} is given to ${event.vm_id} while ${holder.vm_id} holds it`;
    const other = network.byOwner(event);
    if (other) return `${event.vm_id} is given ${event.ip} while it holds ${network.ipAt(other.offset)}`;
    // Exclusions are not looked at: an address that was excluded later than it was given stays with its holder.
    return network.isHost(offset) ? undefined : `${event.ip} is the network, broadcast or gateway address`;
  }
  if (!isHolder) return `${event.type} of ${event.ip} for ${event.vm_id}, which does not hold it`;
  return undefined;
}

/** Applies an event unless it contradicts the state; returns the contradiction. */
export function admit(pool: Pool, event: PoolEvent): string | undefined {
  const contradiction = violation(pool, event);
  if (contradiction === undefined) pool.apply(event);
  return contradiction;
}

function badSettings({ excluded, strategy }: Extract<PoolEvent, { excluded: unknown }>): string | undefined {
  const bad = excluded.find((text) => !parseRange(text));
  if (bad !== undefined) return `invalid exclusion ${bad}`;
  return STRATEGY_NAMES.includes(strategy) ? undefined : `unknown strategy ${strategy}`;
}
