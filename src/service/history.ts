import { formatAddress, parseAddress } from '../net/address.ts';
import type { IpAllocated, IpReleased } from '../pool/events.ts';
import type { History, HistoryQuery, Recorded } from '../store/history.ts';
import { isPoolEvent } from '../pool/family.ts';
import { lastAddress } from '../net/cidr.ts';
import { PoolError } from '../errors.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import { parseAllocationId } from './allocation-id.ts';
import { type Held, invalidAddress, notFound } from './allocations.ts';
import type { Scope } from './transactions.ts';
import type { ListFilter, Listing } from './listing.ts';
import { aboutOf } from './resource.ts';

export { resourceOf } from '../pool/event-subject.ts';
export type { Recorded };

/** How long an owner held an address. */
export interface Tenure {
  readonly network: string;
  readonly ip: string;
  readonly end_ip: string | undefined;
  readonly vm_id: string;
  readonly nic: string;
  readonly hostname: string | undefined;
  readonly mac: string | undefined;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Undefined: still. */
  readonly until: number | undefined;
  readonly reason: string | undefined;
  /** Undefined: longer ago than history reaches. */
  readonly allocated_by: string | undefined;
  readonly released_by: string | undefined;
}

/** An allocation that has ended. */
export interface Ended {
  /** Of its record. */
  readonly id: string;
  readonly event: IpReleased;
  /** Undefined when it is gone too. */
  readonly network: Network | undefined;
}

/** What an audit is narrowed to. */
export interface AuditQuery {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** An event type; `network_created` and `network_deleted` are understood too. */
  readonly action?: string | undefined;
  /** An address; a network by its id, or its name or CIDR while it exists; or what {@link resourceOf} returns. */
  readonly resource?: string | undefined;
  /** Only what is older than the entry of this id. */
  readonly after?: string | undefined;
}

const ALIASES: ReadonlyMap<string, string> = new Map([
  ['network_created', 'network_added'],
  ['network_deleted', 'network_removed'],
]);

export interface HistoryServiceOptions {
  readonly pool: Pool;
  readonly history: History;
  readonly listing: Listing;
  /** The network that somebody means, which another node may have added just now. @throws PoolError `network_not_found` */
  readonly meant: (text: string) => Promise<Network>;
  /** Milliseconds since 1970; the time by which leases end. */
  readonly now: () => number;
}

/** What is not released, and when it ended all the same: by itself, which is not written down yet. */
interface Current extends Held {
  readonly until: number | undefined;
}

/** The use cases that ask what happened. */
export class HistoryService {
  readonly #pool: Pool;
  readonly #history: History;
  readonly #listing: Listing;
  readonly #meant: (text: string) => Promise<Network>;
  readonly #now: () => number;

  constructor({ pool, history, listing, meant, now }: HistoryServiceOptions) {
    this.#pool = pool;
    this.#history = history;
    this.#listing = listing;
    this.#meant = meant;
    this.#now = now;
  }

  /** What was changed, by whom and when, newest first. */
  audit(_scope: Scope, { action, resource, ...rest }: AuditQuery): AsyncIterable<Recorded> {
    const query: HistoryQuery = {
      ...defined(rest),
      ...(action === undefined ? {} : { types: [ALIASES.get(action) ?? action] }),
      ...(resource === undefined ? {} : { about: aboutOf(this.#pool, resource) }),
    };
    return this.#history.search(query);
  }

  /**
   * Who had an address, or what a VM had, and when; the latest first.
   *
   * @param at only what was held at this moment; milliseconds since 1970
   */
  async *tenures(
    scope: Scope,
    { ip, vmId, at }: { ip?: string | undefined; vmId?: string | undefined; at?: number | undefined },
  ): AsyncGenerator<Tenure> {
    const isAsked = ({ from, until }: Tenure) =>
      at === undefined || (from <= at && (until === undefined || until > at));
    const isOnlyOne = at !== undefined && ip !== undefined;
    const current = await this.#current(scope, ip, vmId);
    const ended = new Map<string, { readonly event: IpReleased }>();
    const query = { ...(ip === undefined ? {} : { ip }), ...(vmId === undefined ? {} : { vm_id: vmId }) };
    for await (const { event } of this.#history.search({ ...query, types: ['ip_allocated', 'ip_released'] })) {
      if (!isPoolEvent(event)) continue;
      if (event.type === 'ip_released') {
        ended.set(placeKey(event), { event });
        current.delete(`${placeKey(event)}\0${event.allocated_at ?? ''}`); // released a moment ago
        continue;
      }
      if (event.type !== 'ip_allocated') continue;
      const key = placeKey(event);
      const release = ended.get(key)?.event;
      ended.delete(key);
      const held = release ? undefined : current.get(`${key}\0${event.at}`);
      current.delete(`${key}\0${event.at}`);
      const tenure = tenureOf(event, release, held);
      if (!isAsked(tenure)) continue;
      yield tenure;
      if (isOnlyOne) return;
    }
    // Of what began before history does only the end is known, or that it still stands.
    const earlier = [
      ...[...ended.values()].map(({ event }) => tenureOf(undefined, event, undefined)),
      ...[...current.values()].map(standing),
    ];
    const asked = earlier.filter(isAsked).sort((a, b) => b.from - a.from);
    yield* isOnlyOne ? asked.slice(0, 1) : asked;
  }

  /** The allocation of an id that has ended. @throws PoolError `allocation_not_found` */
  async endedById(_scope: Scope, id: string): Promise<Ended> {
    const parsed = parseAllocationId(id);
    const query = parsed && { ip: parsed.ip, types: ['ip_released'], since: parsed.allocated_at };
    for await (const { id: record, event } of query ? this.#history.search(query) : []) {
      if (!isPoolEvent(event) || event.type !== 'ip_released' || event.ip !== parsed?.ip) continue;
      if ((event.allocated_at ?? event.at) === parsed.allocated_at)
        return { id: record, event, network: this.#pool.find(event.network) };
    }
    throw notFound({ id: id.slice(0, 64) });
  }

  /** Whether a text says where a list of what happened goes on. */
  isRecord(text: string): boolean {
    return this.#history.isId(text);
  }

  /**
   * Allocations that have ended, the latest first.
   *
   * @param after only what ended before the record of this id
   */
  async *ended(_scope: Scope, filter: ListFilter, after: string | undefined): AsyncGenerator<Ended> {
    const network = filter.network === undefined ? undefined : (await this.#meant(filter.network)).id;
    const ip = filter.ip === undefined ? undefined : canonicalIp(filter.ip);
    const query = { ...defined({ ip, vm_id: filter.vmId, network, after }), types: ['ip_released'] };
    for await (const { id, event } of this.#history.search(query)) {
      if (!isPoolEvent(event) || event.type !== 'ip_released' || !isWithin(event, filter)) continue;
      yield { id, event, network: this.#pool.find(event.network) };
    }
  }

  async #current(scope: Scope, ip: string | undefined, vmId: string | undefined): Promise<Map<string, Current>> {
    const current = new Map<string, Current>();
    const add = ({ network, allocation }: Held, until: number | undefined) => {
      const place = { network: network.id, ip: network.ipAt(allocation.offset) };
      current.set(`${placeKey(place)}\0${allocation.allocated_at}`, { network, allocation, until });
    };
    for await (const slice of this.#listing.list(scope, { ip, vmId })) for (const held of slice) add(held, undefined);
    for (const network of this.#pool.networks) {
      const offset = ip === undefined ? undefined : network.offsetOf(ip);
      if (ip !== undefined && offset === undefined) continue;
      for (const allocation of network.leases.due(this.#now(), Number.POSITIVE_INFINITY)) {
        const { offset: first, last, vm_id, attributes } = allocation;
        if (offset !== undefined && (offset < first || offset > last)) continue;
        if (vmId === undefined || vm_id === vmId) add({ network, allocation }, attributes.expires_at);
      }
    }
    return current;
  }
}

/** When an allocation ended: a lease by itself, however long after that it was written down. */
export function endedAt({ at, reason, expires_at = at }: IpReleased): number {
  return reason === 'expired' ? Math.min(at, expires_at) : at;
}

function isWithin(event: IpReleased, { cidr, vmIdPrefix = '', hostname, mac, tag }: ListFilter): boolean {
  if (cidr) {
    const [first, last] = [parseAddress(event.ip), parseAddress(event.end_ip ?? event.ip)];
    if (!first || !last || first.family !== cidr.family) return false;
    if (last.value < cidr.base || first.value > lastAddress(cidr)) return false;
  }
  if (hostname !== undefined && event.hostname !== hostname) return false;
  if (mac !== undefined && event.mac !== mac) return false;
  if (tag !== undefined && !event.tags?.includes(tag)) return false;
  return event.vm_id.startsWith(vmIdPrefix);
}

/** An address in the one spelling in which it was written down. @throws PoolError `invalid_address` */
function canonicalIp(ip: string): string {
  const address = parseAddress(ip);
  if (!address) throw invalidAddress(ip);
  return formatAddress(address.family, address.value);
}

function placeKey({ network, ip }: { readonly network: string; readonly ip: string }): string {
  return `${network}\0${ip}`;
}

function tenureOf(began: IpAllocated | undefined, ended: IpReleased | undefined, held: Current | undefined): Tenure {
  const event = ended ?? began;
  if (!event) throw new PoolError('internal', 'A tenure without an event');
  const attributes = ended ?? held?.allocation.attributes ?? event;
  return {
    network: event.network,
    ip: event.ip,
    end_ip: event.end_ip,
    vm_id: event.vm_id,
    nic: event.nic,
    // Before version 2 a release did not say what was released.
    hostname: attributes.hostname ?? (ended && ended.allocated_at === undefined ? began?.hostname : undefined),
    mac: attributes.mac,
    from: began?.at ?? ended?.allocated_at ?? 0,
    until: ended ? endedAt(ended) : held?.until,
    reason: ended ? (ended.reason ?? 'released') : reasonOf(held),
    allocated_by: began?.actor,
    released_by: ended?.actor,
  };
}

function reasonOf(current: Current | undefined): string | undefined {
  return current?.until === undefined ? undefined : 'expired';
}

function standing(current: Current): Tenure {
  const { network, allocation, until } = current;
  const { offset, last, vm_id, nic, allocated_at, attributes } = allocation;
  return {
    network: network.id,
    ip: network.ipAt(offset),
    end_ip: last === offset ? undefined : network.ipAt(last),
    vm_id,
    nic,
    hostname: attributes.hostname,
    mac: attributes.mac,
    from: allocated_at,
    until,
    reason: reasonOf(current),
    allocated_by: undefined,
    released_by: undefined,
  };
}

function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
