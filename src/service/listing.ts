import { type Address, parseAddress } from '../net/address.ts';
import { type Cidr, lastAddress } from '../net/cidr.ts';
import type { Allocation } from '../pool/allocation.ts';
import type { Owner } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import { PoolError } from '../errors.ts';
import { findById } from './allocation-id.ts';
import { type Held, invalidAddress, notFound } from './allocations.ts';
import type { Scope } from './scope.ts';
import type { Transactions } from './transactions.ts';

/** What a list is narrowed to. All that is given must hold. */
export interface ListFilter {
  /** Id, name or CIDR. */
  readonly network?: string | undefined;
  /** Only behind this address. */
  readonly after?: string | undefined;
  readonly ip?: string | undefined;
  /** Only addresses within. */
  readonly cidr?: Cidr | undefined;
  readonly vmId?: string | undefined;
  readonly vmIdPrefix?: string | undefined;
  readonly hostname?: string | undefined;
  readonly mac?: string | undefined;
  readonly tag?: string | undefined;
}

/** Allocations that a list looks at between two turns of the event loop, about a millisecond with what becomes of them. */
const SLICE = 250;

/** The use cases that look at allocations. */
export class Listing {
  readonly #pool: Pool;
  readonly #transactions: Transactions;

  constructor({ pool, transactions }: { readonly pool: Pool; readonly transactions: Transactions }) {
    this.#pool = pool;
    this.#transactions = transactions;
  }

  /** What an owner holds. @throws PoolError `allocation_not_found` */
  async get(_scope: Scope, { network: text, owner }: { network: string; owner: Owner }): Promise<Held> {
    const pool = await this.#transactions.latest();
    const network = pool.resolveNetwork(text);
    const allocation = network.byOwner(owner);
    if (!allocation || this.#isOver(allocation)) throw notFound({ network: network.id, vm_id: owner.vm_id });
    return { network, allocation };
  }

  /** The allocation of an id. @throws PoolError `allocation_not_found` */
  async byId(_scope: Scope, id: string): Promise<Held> {
    const pool = await this.#transactions.latest();
    const held = findById(pool, id);
    if (!held || this.#isOver(held.allocation)) throw notFound({ id: id.slice(0, 64) });
    return held;
  }

  /**
   * Allocations in the order of their addresses, IPv4 first, in slices: between two of them other requests have their turn.
   *
   * @throws PoolError `network_not_found`, `invalid_address`
   */
  async *list(_scope: Scope, filter: ListFilter): AsyncGenerator<Held[]> {
    const named = filter.network === undefined ? undefined : await this.#transactions.resolveNetwork(filter.network);
    const networks = named ? [named] : [...this.#pool.networks].sort(byAddress);
    const after = filter.after === undefined ? undefined : addressIn(named, filter.after, 'cursor');
    const only = filter.ip === undefined ? undefined : addressIn(named, filter.ip, 'ip');
    yield* this.#slices(networks, { after, only }, filter);
  }

  async *#slices(
    networks: readonly Network[],
    { after, only }: { readonly after: Address | undefined; readonly only: Address | undefined },
    filter: ListFilter,
  ): AsyncGenerator<Held[]> {
    this.#transactions.local();
    let slice: Held[] = [];
    let looked = 0;
    for (const network of networks) {
      const span = spanOf(network, after, only, filter.cidr);
      if (!span) continue;
      const candidates = filter.mac === undefined ? network.allocations(span.first) : sorted(network.byMac(filter.mac));
      for (const allocation of candidates) {
        if (allocation.offset > span.last) break;
        if (
          allocation.last >= span.first &&
          !isBehind(network, allocation, after) &&
          this.#matches(allocation, filter)
        ) {
          slice.push({ network, allocation });
        }
        if (++looked % SLICE !== 0) continue;
        yield slice;
        slice = [];
        await new Promise(setImmediate);
      }
    }
    yield slice;
  }

  #matches(allocation: Allocation, { vmId, vmIdPrefix = '', hostname, tag }: ListFilter): boolean {
    const { vm_id, attributes } = allocation;
    if (vmId !== undefined && vm_id !== vmId) return false;
    if (!vm_id.startsWith(vmIdPrefix)) return false;
    if (hostname !== undefined && attributes.hostname !== hostname) return false;
    if (tag !== undefined && !attributes.tags?.includes(tag)) return false;
    return !this.#isOver(allocation);
  }

  /** Whether it has ended by itself, which is not written down yet. */
  #isOver({ attributes: { expires_at } }: Allocation): boolean {
    return expires_at !== undefined && expires_at <= this.#transactions.now();
  }
}

/** The order of all addresses; networks do not overlap. */
function byAddress(a: Network, b: Network): number {
  if (a.cidr.family !== b.cidr.family) return a.cidr.family - b.cidr.family;
  return a.cidr.base < b.cidr.base ? -1 : 1;
}

function sorted(allocations: readonly Allocation[]): Allocation[] {
  return [...allocations].sort((a, b) => (a.offset < b.offset ? -1 : 1));
}

/** The offsets of a network that a list looks at; undefined when there are none. */
function spanOf(network: Network, after: Address | undefined, only: Address | undefined, cidr: Cidr | undefined) {
  const { origin, assignable: layout } = network;
  const { family } = network.cidr;
  let { first, last } = layout.space;
  if (after) {
    if (after.family > family) return undefined;
    if (after.family === family && after.value - origin + 1n > first) first = after.value - origin + 1n;
  }
  if (only) {
    if (only.family !== family) return undefined;
    const offset = only.value - origin;
    if (offset < first || offset > last) return undefined;
    [first, last] = [offset, offset];
  }
  if (cidr) {
    if (cidr.family !== family) return undefined;
    if (cidr.base - origin > first) first = cidr.base - origin;
    if (lastAddress(cidr) - origin < last) last = lastAddress(cidr) - origin;
  }
  return first <= last ? { first, last } : undefined;
}

/** Whether a range that reaches behind a cursor began before it: the page before has it. */
function isBehind(network: Network, { offset }: Allocation, after: Address | undefined): boolean {
  return after?.family === network.cidr.family && network.origin + offset <= after.value;
}

function addressIn(network: Network | undefined, ip: string, field: string): Address {
  const address = parseAddress(ip);
  if (address && (!network || network.offsetOf(ip) !== undefined)) return address;
  if (field === 'cursor') throw new PoolError('invalid_request', 'cursor is invalid', { field });
  throw invalidAddress(ip, network, field);
}
