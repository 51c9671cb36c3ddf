import { formatAddress, parseAddress } from '../net/address.ts';
import { formatCidr, parseCidr } from '../net/cidr.ts';
import { formatRange, parseRange } from '../net/range.ts';
import type { PoolEvent } from '../pool/events.ts';
import type { Pool } from '../pool/pool.ts';
import type { About } from '../store/history.ts';

/** What an event is about: an address, a range, or a network. */
export function resourceOf(event: PoolEvent): string {
  if ('ip' in event) return 'end_ip' in event && event.end_ip ? `${event.ip}-${event.end_ip}` : event.ip;
  if ('range' in event) return event.range;
  if (!('network' in event)) return '';
  return 'cidr' in event ? (event.cidr ?? event.network) : event.network;
}

/** Whether an event of a range is about an address too. */
export function includesAddress(event: PoolEvent, ip: string): boolean {
  const address = parseAddress(ip);
  const [first, last] =
    'ip' in event && 'end_ip' in event ? [parseAddress(event.ip), parseAddress(event.end_ip ?? '')] : [];
  if (!address || !first || !last) return false;
  return address.family === first.family && address.value >= first.value && address.value <= last.value;
}

/** What to look for when somebody asks for a resource: what {@link resourceOf} told, or a network by name. */
export function aboutOf(pool: Pool, resource: string): About {
  const [range, cidr] = [parseRange(resource), parseCidr(resource)];
  const texts = [...(range ? [formatRange(range)] : []), ...(cidr ? [formatCidr(cidr)] : [])];
  if (range && !resource.includes('/')) return { ip: formatAddress(range.family, range.first), texts };
  return { network: networkOf(pool, resource), texts };
}

function networkOf(pool: Pool, text: string): string {
  try {
    return pool.networkMeant(text).id;
  } catch {
    return text; // it may be gone
  }
}
