import type { Delivered } from './delivered.ts';
import { parseAddress } from '../net/address.ts';
import { DEFAULT_VRF } from '../net/vrf.ts';
import type { DomainEvent } from './families.ts';

/** One event as it was recorded. */
export interface Recorded {
  /** Number of its record, as text. */
  readonly id: string;
  readonly event: DomainEvent;
}

/** What an event may be about; one of these is enough. */
export interface About {
  readonly ip?: string;
  readonly network?: string;
  /** Its `range` or its `cidr`, as it was written. */
  readonly texts: readonly string[];
}

/** What to look for; an event has to meet all that is given. Addresses in their canonical text. */
export interface HistoryQuery {
  /** The event's address, or one inside its range. */
  readonly ip?: string;
  readonly vm_id?: string;
  readonly network?: string;
  /** Undefined: every VRF. */
  readonly vrf?: string;
  readonly about?: About;
  /** Milliseconds since 1970, both included. */
  readonly since?: number;
  readonly until?: number;
  readonly types?: readonly string[];
  /** Only what is older than the record of this id. */
  readonly after?: string;
}

/** What was committed, newest first. Ending the iteration early lets go of what it holds. */
export interface History {
  search(query: HistoryQuery): AsyncIterable<Recorded>;
  /**
   * Everything after a position and up to what has been delivered here, oldest first, commit by commit, with source
   * `replay`. The id of a record is not a position: on a journal, and in memory, a position is the id of the last record of
   * a commit, written with a fixed width; in etcd, ids are keys of records and a position is the revision that put them.
   *
   * @throws PoolError `position_gone` when the history does not go back that far
   */
  after(position: string): AsyncIterable<Delivered>;
  /** Whether a text could be the id of a record of this history, whatever has become of that. */
  isId(text: string): boolean;
}

/** Whether a text is the number of a record. */
export function isRecordNumber(text: string): boolean {
  return /^[1-9]\d{0,14}$/.test(text);
}

/** Whether an event matches a query, its place in the order aside. */
export function matches(query: HistoryQuery, event: DomainEvent): boolean {
  const { type, at = Number.NaN, network, vrf = DEFAULT_VRF, vm_id } = event;
  if (query.vm_id !== undefined && vm_id !== query.vm_id) return false;
  if (query.network !== undefined && network !== query.network) return false;
  if (query.vrf !== undefined && vrf !== query.vrf) return false;
  if (query.types && !query.types.includes(type)) return false;
  if (query.since !== undefined && !(at >= query.since)) return false;
  if (query.until !== undefined && !(at <= query.until)) return false;
  if (query.about && !isAbout(query.about, event)) return false;
  return query.ip === undefined || isAt(query.ip, event);
}

/** Whether an event of a range, one with `end_ip`, includes an address. False for an event of one address. */
export function includesAddress({ ip = '', end_ip }: DomainEvent, address: string): boolean {
  if (end_ip === undefined) return false;
  const [first, last, value] = [parseAddress(ip), parseAddress(end_ip), parseAddress(address)];
  if (!first || !last || value?.family !== first.family) return false;
  return value.value >= first.value && value.value <= last.value;
}

function isAbout({ ip, network, texts }: About, event: DomainEvent): boolean {
  if (network !== undefined && event.network === network) return true;
  if (texts.some((text) => event.range === text || event.cidr === text)) return true;
  return ip !== undefined && isAt(ip, event);
}

function isAt(address: string, event: DomainEvent): boolean {
  return event.ip === address || includesAddress(event, address);
}
