import { parseAddress } from '../net/address.ts';
import type { PoolEvent } from './events.ts';

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
