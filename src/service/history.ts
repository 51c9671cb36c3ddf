import { formatAddress, parseAddress } from '../net/address.ts';
import type { IpReleased } from '../pool/events.ts';
import type { History, HistoryQuery, Recorded } from '../store/history.ts';
import { isPoolEvent } from '../pool/family.ts';
import { lastAddress } from '../net/cidr.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import { parseAllocationId } from './allocation-id.ts';
import { invalidAddress, notFound } from './allocations.ts';
import type { LocatedAllocation } from './located-allocation.ts';
import type { Scope } from './scope.ts';
import type { ListFilter, Listing } from './listing.ts';
import { resourceQuery, vrfAt } from './resource.ts';
import type { Transactions } from './transactions.ts';
import type { Visibility } from './visibility.ts';
import { type Current, currentTenure, type HistoryFilter, type Tenure, tenureOf } from './tenure.ts';

export { resourceOf } from '../pool/event-subject.ts';
export type { Recorded, Tenure };

/** An allocation that has ended. */
export interface PastAllocation {
  /** Id of the record of the release. */
  readonly id: string;
  readonly event: IpReleased;
  /** Undefined when it is removed. */
  readonly network: Network | undefined;
}

/** The filter of the audit log. */
export interface AuditQuery {
  readonly since?: number | undefined;
  readonly until?: number | undefined;
  /** An event type, or `network_created` or `network_deleted`. */
  readonly action?: string | undefined;
  /** An address; a network by its id, or its name or CIDR while it exists; or what {@link resourceOf} returns. */
  readonly resource?: string | undefined;
  readonly vrf?: string | undefined;
  /** Only entries older than the entry with this id. */
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
  readonly transactions: Transactions;
  readonly visibility: Visibility;
}

/** The use cases that read the history. */
export class HistoryService {
  readonly #pool: Pool;
  readonly #history: History;
  readonly #listing: Listing;
  readonly #transactions: Transactions;
  readonly #visibility: Visibility;

  constructor({ pool, history, listing, transactions, visibility }: HistoryServiceOptions) {
    this.#pool = pool;
    this.#history = history;
    this.#listing = listing;
    this.#transactions = transactions;
    this.#visibility = visibility;
  }

  /** The audit log: who changed what and when, newest first. @throws PoolError `ambiguous_vrf` */
  audit(scope: Scope, { action, resource, vrf, ...rest }: AuditQuery): AsyncIterable<Recorded> {
    const query: HistoryQuery = {
      ...defined(rest),
      ...(action === undefined ? {} : { types: [ALIASES.get(action) ?? action] }),
      ...(resource === undefined ? defined({ vrf }) : resourceQuery(this.#visibility, scope, resource, vrf)),
    };
    return this.#search(scope, query);
  }

  /**
   * Who had an address, or what addresses a VM had, and when; newest first.
   *
   * @param vrf undefined: the only one with a network that contains the address
   * @param at only allocations that existed at this moment; milliseconds since 1970
   * @throws PoolError `ambiguous_vrf`
   */
  async *tenures(scope: Scope, { ip, vrf, vmId, at }: HistoryFilter): AsyncGenerator<Tenure> {
    const isWanted = ({ from, until }: Tenure) =>
      at === undefined || (from <= at && (until === undefined || until > at));
    const isOnlyOne = at !== undefined && ip !== undefined;
    const where = ip === undefined ? defined({ vrf }) : vrfAt(this.#visibility, scope, ip, vrf);
    const current = await this.#current(scope, ip, where.vrf, vmId);
    const ended = new Map<string, { readonly event: IpReleased }>();
    const query = { ...where, ...defined({ ip, vm_id: vmId }) };
    for await (const { event } of this.#search(scope, { ...query, types: ['ip_allocated', 'ip_released'] })) {
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
      const still = release ? undefined : current.get(`${key}\0${event.at}`);
      current.delete(`${key}\0${event.at}`);
      const tenure = tenureOf(event, release, still);
      if (!isWanted(tenure)) continue;
      yield tenure;
      if (isOnlyOne) return;
    }
    // Of an allocation older than the history, only its end is known, or that it still exists.
    const earlier = [
      ...[...ended.values()].map(({ event }) => tenureOf(undefined, event, undefined)),
      ...[...current.values()].map(currentTenure),
    ];
    const rest = earlier.filter(isWanted).sort((a, b) => b.from - a.from);
    yield* isOnlyOne ? rest.slice(0, 1) : rest;
  }

  /** The allocation of an id that has ended. @throws PoolError `allocation_not_found` */
  async endedById(scope: Scope, id: string): Promise<PastAllocation> {
    const parsed = parseAllocationId(id);
    const query = parsed && { ip: parsed.ip, vrf: parsed.vrf, types: ['ip_released'], since: parsed.allocated_at };
    for await (const { id: record, event } of query ? this.#search(scope, query) : []) {
      if (!isPoolEvent(event) || event.type !== 'ip_released' || event.ip !== parsed?.ip) continue;
      if ((event.allocated_at ?? event.at) === parsed.allocated_at)
        return { id: record, event, network: this.#pool.find(event.network) };
    }
    throw notFound({ id: id.slice(0, 64) });
  }

  /** Whether a text is the position of a record in the history. */
  isRecord(text: string): boolean {
    return this.#history.isId(text);
  }

  /**
   * Allocations that have ended, newest first.
   *
   * @param after only those older than the record with this id
   */
  async *ended(scope: Scope, filter: ListFilter, after: string | undefined): AsyncGenerator<PastAllocation> {
    const { network: text, vrf } = filter;
    const network = text === undefined ? undefined : (await this.#transactions.resolveNetwork(scope, text, vrf)).id;
    const ip = filter.ip === undefined ? undefined : canonicalIp(filter.ip);
    const isByAddress = ip !== undefined && network === undefined;
    const where = isByAddress ? vrfAt(this.#visibility, scope, ip, vrf) : defined({ vrf });
    const query = { ...where, ...defined({ ip, vm_id: filter.vmId, network, after }), types: ['ip_released'] };
    for await (const { id, event } of this.#search(scope, query)) {
      if (!isPoolEvent(event) || event.type !== 'ip_released' || !isWithin(event, filter)) continue;
      yield { id, event, network: this.#pool.find(event.network) };
    }
  }

  /** Searches for what a scope may see. A limited scope sees no event that belongs to no network. */
  #search(scope: Scope, query: HistoryQuery): AsyncIterable<Recorded> {
    const found = this.#history.search(query);
    return scope.networks === undefined ? found : this.#visible(scope, found);
  }

  async *#visible(scope: Scope, found: AsyncIterable<Recorded>): AsyncGenerator<Recorded> {
    for await (const recorded of found) {
      const { event } = recorded;
      if (isPoolEvent(event) && 'network' in event && this.#visibility.canSee(scope, event.network)) yield recorded;
    }
  }

  async #current(
    scope: Scope,
    ip: string | undefined,
    vrf: string | undefined,
    vmId: string | undefined,
  ): Promise<Map<string, Current>> {
    const current = new Map<string, Current>();
    const add = ({ network, allocation }: LocatedAllocation, until: number | undefined) => {
      const place = { network: network.id, ip: network.ipAt(allocation.offset) };
      current.set(`${placeKey(place)}\0${allocation.allocated_at}`, { network, allocation, until });
    };
    for await (const slice of this.#listing.list(scope, { ip, vrf, vmId }))
      for (const found of slice) add(found, undefined);
    for (const network of this.#visibility.networks(scope, vrf)) {
      const offset = ip === undefined ? undefined : network.offsetOf(ip);
      if (ip !== undefined && offset === undefined) continue;
      for (const allocation of network.leases.due(this.#transactions.now(), Number.POSITIVE_INFINITY)) {
        const { offset: first, last, vm_id, attributes } = allocation;
        if (offset !== undefined && (offset < first || offset > last)) continue;
        if (vmId === undefined || vm_id === vmId) add({ network, allocation }, attributes.expires_at);
      }
    }
    return current;
  }
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

/** An address in its canonical spelling, which is that of the records. @throws PoolError `invalid_address` */
function canonicalIp(ip: string): string {
  const address = parseAddress(ip);
  if (!address) throw invalidAddress(ip);
  return formatAddress(address.family, address.value);
}

function placeKey({ network, ip }: { readonly network: string; readonly ip: string }): string {
  return `${network}\0${ip}`;
}

function defined<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as never;
}
