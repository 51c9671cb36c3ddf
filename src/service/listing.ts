import { type Address, formatAddress, parseAddress } from '../net/address.ts';
import { type Cidr, lastAddress } from '../net/cidr.ts';
import type { Allocation } from '../pool/allocation.ts';
import type { Owner } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import { PoolError } from '../errors.ts';
import type { NetworkReference } from './allocation-request.ts';
import { invalidAddress, notFound } from './allocations.ts';
import type { LocatedAllocation } from './located-allocation.ts';
import { compareVrfs, type ListPosition, parseListPosition } from './list-position.ts';
import type { Scope } from './scope.ts';
import type { Transactions } from './transactions.ts';
import type { Visibility } from './visibility.ts';

/** The filter of a list: an allocation must match every member. */
export interface ListFilter {
  /** Id, name or CIDR. */
  readonly network?: string | undefined;
  /** Undefined: all VRFs; with `network` or `ip`, the only one that has it. */
  readonly vrf?: string | undefined;
  /** Only allocations after this position; see {@link ./list-position.ts}. */
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

/** Allocations that a list visits between two turns of the event loop: about a millisecond of work. */
const SLICE = 250;

/** The use cases that read allocations. */
export class Listing {
  readonly #transactions: Transactions;
  readonly #visibility: Visibility;

  constructor({ transactions, visibility }: { readonly transactions: Transactions; readonly visibility: Visibility }) {
    this.#visibility = visibility;
    this.#transactions = transactions;
  }

  /** The allocation of an owner. @throws PoolError `allocation_not_found` */
  async get(
    scope: Scope,
    { network: text, vrf, owner }: NetworkReference & { owner: Owner },
  ): Promise<LocatedAllocation> {
    await this.#transactions.latest();
    const network = this.#visibility.resolveNetwork(scope, text, vrf);
    const allocation = network.byOwner(owner);
    if (!allocation || this.#isOver(allocation)) throw notFound({ network: network.id, vm_id: owner.vm_id });
    return { network, allocation };
  }

  /** The allocation of an id. @throws PoolError `allocation_not_found` */
  async byId(scope: Scope, id: string): Promise<LocatedAllocation> {
    await this.#transactions.latest();
    const found = this.#visibility.findAllocation(scope, id);
    if (!found || this.#isOver(found.allocation)) throw notFound({ id: id.slice(0, 64) });
    return found;
  }

  /**
   * Allocations by VRF (`default` first), IPv4 before IPv6, in the order of their addresses. They come in slices, between
   * which other requests are served.
   *
   * @throws PoolError `network_not_found`, `ambiguous_vrf`, `invalid_address`
   */
  async *list(scope: Scope, filter: ListFilter): AsyncGenerator<LocatedAllocation[]> {
    const named =
      filter.network === undefined
        ? undefined
        : await this.#transactions.resolveNetwork(scope, filter.network, filter.vrf);
    const after = filter.after === undefined ? undefined : positionIn(named, filter.after);
    const only = filter.ip === undefined ? undefined : addressIn(named, filter.ip);
    const networks = named ? [named] : this.#networksOf(scope, filter);
    yield* this.#slices(networks, { after, only }, filter);
  }

  #networksOf(scope: Scope, { ip, vrf }: ListFilter): Network[] {
    if (ip !== undefined) {
      const network = this.#visibility.networkAt(scope, ip, vrf);
      return network ? [network] : [];
    }
    return this.#visibility.networks(scope, vrf).sort(byPosition);
  }

  async *#slices(
    networks: readonly Network[],
    { after, only }: { readonly after: ListPosition | undefined; readonly only: Address | undefined },
    filter: ListFilter,
  ): AsyncGenerator<LocatedAllocation[]> {
    this.#transactions.local();
    let slice: LocatedAllocation[] = [];
    let visited = 0;
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
        if (++visited % SLICE !== 0) continue;
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

  /** Whether its lease has ended; the release may not be committed yet. */
  #isOver({ attributes: { expires_at } }: Allocation): boolean {
    return expires_at !== undefined && expires_at <= this.#transactions.now();
  }
}

/** The order of a list; the networks of a VRF do not overlap. */
function byPosition(a: Network, b: Network): number {
  if (a.vrf !== b.vrf) return compareVrfs(a.vrf, b.vrf);
  if (a.cidr.family !== b.cidr.family) return a.cidr.family - b.cidr.family;
  return a.cidr.base < b.cidr.base ? -1 : 1;
}

function sorted(allocations: readonly Allocation[]): Allocation[] {
  return [...allocations].sort((a, b) => (a.offset < b.offset ? -1 : 1));
}

/** The offsets of a network that a list visits; undefined when there are none. */
function spanOf(network: Network, after: ListPosition | undefined, only: Address | undefined, cidr: Cidr | undefined) {
  const { origin, assignable: layout } = network;
  const { family } = network.cidr;
  let { first, last } = layout.space;
  if (after) {
    const { address } = after;
    const order = compareVrfs(network.vrf, after.vrf);
    if (order < 0 || (order === 0 && address.family > family)) return undefined;
    const isCut = order === 0 && address.family === family;
    if (isCut && address.value - origin + 1n > first) first = address.value - origin + 1n;
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

/** Whether a range that reaches past the position of a page began before it, so that the previous page has it. */
function isBehind(network: Network, { offset }: Allocation, after: ListPosition | undefined): boolean {
  if (after?.vrf !== network.vrf || after.address.family !== network.cidr.family) return false;
  return network.origin + offset <= after.address.value;
}

function positionIn(network: Network | undefined, text: string): ListPosition {
  const position = parseListPosition(text);
  if (position && (!network || isIn(network, position.address))) return position;
  throw new PoolError('invalid_request', 'cursor is invalid', { field: 'cursor' });
}

function isIn(network: Network, { family, value }: Address): boolean {
  return network.offsetOf(formatAddress(family, value)) !== undefined;
}

function addressIn(network: Network | undefined, ip: string): Address {
  const address = parseAddress(ip);
  if (address && (!network || isIn(network, address))) return address;
  throw invalidAddress(ip, network);
}
