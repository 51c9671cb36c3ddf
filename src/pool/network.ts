import { formatAddress, parseAddress } from '../net/address.ts';
import { type Cidr, formatCidr } from '../net/cidr.ts';
import { DEFAULT_VRF } from '../net/vrf.ts';
import type { Allocation } from './allocation.ts';
import { AllocationTable } from './allocation-table.ts';
import type { NetworkSettings, Owner } from './events.ts';
import { Assignable } from './assignable.ts';
import type { LeaseExpiry } from './lease-expiry.ts';
import type { CoolingSpan } from './cooling-span.ts';
import { Cooldown } from './cooldown.ts';
import type { Offsets } from '../collections/offsets.ts';
import type { AllocationRecords } from './allocation-records.ts';
import type { Reservation } from './reservation.ts';
import { type Span, subtractSpans } from '../collections/span.ts';
import { FreeSpace } from './free-space.ts';

/** What of a network is given when it is made, or made anew. */
export interface NetworkShape {
  readonly cidr: Cidr;
  /** Undefined: none. */
  readonly gateway: bigint | undefined;
  readonly settings: NetworkSettings;
}

/**
 * The addresses of one network, as offsets from its origin: what is allocated, what is cooling, and what may be given now.
 *
 *     offset    0        1        2        3  …  size-2   size-1
 *               network  gateway  ------- hosts -------   broadcast
 *
 * The origin is the first address of the network when it was made. It stays when the network grows, so that an offset
 * means the same address for as long as the process lives; below the origin they are negative.
 */
export class Network {
  readonly id: string;
  /** Routing domain, within which addresses are unique. It never changes. */
  readonly vrf: string;
  /** The VRF as the events of this network carry it: `default` is left out. */
  readonly vrfField: { readonly vrf: string } | undefined;
  readonly origin: bigint;
  readonly created_at: number;
  updated_at: number;
  /** Offset that the strategy allocated last; undefined when there is none. */
  cursor: bigint | undefined;
  /** See {@link startSearchAt}. */
  #searchStart: bigint | undefined;
  readonly cooldown: Cooldown;

  #shape: NetworkShape;
  /** Texts that most answers hold. */
  #cidrText: string;
  #gatewayText: string | undefined;
  readonly #vacancy: FreeSpace;
  readonly #allocations: AllocationTable;
  readonly #reservations = new Map<string, Reservation>();

  /**
   * @param records where allocations are kept, with those of other networks
   * @param seed of the hashes over owners, so that nobody outside can choose owners that fall together
   */
  constructor(
    id: string,
    shape: NetworkShape,
    created_at: number,
    records: AllocationRecords,
    seed: number,
    vrf = DEFAULT_VRF,
  ) {
    this.id = id;
    this.vrf = vrf;
    this.vrfField = vrf === DEFAULT_VRF ? undefined : { vrf };
    this.origin = shape.cidr.base;
    this.created_at = created_at;
    this.updated_at = created_at;
    this.cooldown = new Cooldown(seed);
    this.#shape = shape;
    this.#cidrText = formatCidr(shape.cidr);
    this.#gatewayText = this.#textOf(shape.gateway);
    const assignable = this.#lay();
    this.#allocations = new AllocationTable(records, assignable.space, seed);
    this.#vacancy = new FreeSpace(assignable, {
      at: (offset) => this.#allocations.spanAt(offset) ?? this.cooldown.at(offset),
      from: (offset) => [this.#allocations.spansFrom(offset), this.cooldown.from(offset)],
    });
  }

  get cidr(): Cidr {
    return this.#shape.cidr;
  }
  get cidrText(): string {
    return this.#cidrText;
  }
  get gateway(): bigint | undefined {
    return this.#shape.gateway;
  }
  get gatewayText(): string | undefined {
    return this.#gatewayText;
  }
  get settings(): NetworkSettings {
    return this.#shape.settings;
  }
  get assignable(): Assignable {
    return this.#vacancy.layout;
  }
  get reservations(): ReadonlyMap<string, Reservation> {
    return this.#reservations;
  }
  /** The offsets that may be given now. Read only. */
  get free(): Offsets {
    return this.#vacancy.free;
  }
  /** How many addresses are allocated. */
  get allocated(): bigint {
    return this.#allocations.addresses;
  }
  /** How many allocations there are; a range is one. */
  get count(): number {
    return this.#allocations.count;
  }

  get leases(): LeaseExpiry {
    return this.#allocations.leases;
  }

  /** Addresses that could be given to somebody else, those held by a decision under way included. */
  get available(): bigint {
    return this.#vacancy.available;
  }

  /**
   * Lets the next search begin behind an offset instead of the cursor. This is a view of this process and no state: it is not an
   * event, no snapshot has it, and the next allocation of this process ends it.
   */
  startSearchAt(offset: bigint): void {
    this.#searchStart = offset;
  }

  /** The offset behind which the next search begins; undefined at the first address. */
  get searchCursor(): bigint | undefined {
    return this.#searchStart ?? this.cursor;
  }

  /** Moves the cursor to the last offset of an allocation that the strategy chose. */
  moveCursor(offset: bigint): void {
    this.cursor = offset;
    this.#searchStart = undefined;
  }

  /** Whether a released address means anything here, or one ever will while the settings are these. */
  get hasCooldown(): boolean {
    const { cooldown_seconds = 0, sticky_seconds = 0 } = this.settings;
    return cooldown_seconds > 0 || sticky_seconds > 0 || !this.cooldown.isEmpty;
  }

  /** The offset of an address written as text; undefined when it is no address or not in this network. */
  offsetOf(ip: string): bigint | undefined {
    const address = parseAddress(ip);
    if (address?.family !== this.#shape.cidr.family) return undefined;
    const offset = address.value - this.origin;
    const { first, last } = this.assignable.space;
    return offset >= first && offset <= last ? offset : undefined;
  }

  /** The address at an offset, as text. */
  ipAt(offset: bigint): string {
    return formatAddress(this.cidr.family, this.origin + offset);
  }

  /** The allocation that an offset belongs to. */
  byOffset(offset: bigint): Allocation | undefined {
    return this.#allocations.at(offset);
  }

  /** The first allocation that holds an offset of a span. */
  within(span: Span): Allocation | undefined {
    return this.#allocations.within(span);
  }

  byOwner(owner: Owner): Allocation | undefined {
    return this.#allocations.of(owner);
  }

  byMac(mac: string): readonly Allocation[] {
    return this.#allocations.withMac(mac);
  }

  /** The allocations from an offset on, in the order of their addresses. Safe against changes between two steps. */
  allocations(from = this.assignable.space.first): Iterable<Allocation> {
    return this.#allocations.from(from);
  }

  /** All allocations of this moment, in the order of their addresses; to be gone through once. */
  snapshotView(): Iterable<Allocation> {
    return this.#allocations.snapshotView();
  }

  /** Puts an allocation, or replaces the one of the same owner and address. */
  put(allocation: Allocation): void {
    const isNew = this.#allocations.put(allocation);
    this.#vacancy.take(allocation);
    if (isNew) this.cooldown.giveUp(allocation);
  }

  /** Takes an allocation away; `memory` says for how long it means something to its owner. */
  remove(allocation: Allocation, memory?: CoolingSpan): void {
    this.#allocations.delete(allocation);
    if (memory) this.cooldown.add(memory);
    this.#vacancy.giveBack(allocation);
  }

  /** Keeps a released address cooling, or in mind for its previous owner. @param superseded the owner has had another since */
  cool(memory: CoolingSpan, superseded: boolean): void {
    if (superseded) this.cooldown.cool(memory);
    else this.cooldown.add(memory);
    this.#vacancy.giveBack(memory);
  }

  /** Lets time pass: what is no longer cooling is free. @param now milliseconds since 1970 */
  advance(now: number): void {
    for (const memory of this.cooldown.expire(now)) this.#vacancy.giveBack(memory);
  }

  /** Keeps offsets from the next decisions until {@link unhold}. */
  hold(offset: bigint, last: bigint): void {
    this.#vacancy.hold(offset, last);
  }

  unhold(offset: bigint): void {
    this.#vacancy.unhold(offset);
  }

  /** Whether a decision under way has taken one of the offsets. */
  isOnHold(span: Span): boolean {
    return this.#vacancy.isHeld(span);
  }

  /**
   * Changes what may be changed. An allocation on an address that is blocked from now on stays; what is remembered of
   * addresses that are outside from now on does not.
   */
  reshape(shape: NetworkShape, updated_at: number): void {
    const before = this.#shape;
    this.#shape = shape;
    this.updated_at = updated_at;
    this.#gatewayText = this.#textOf(shape.gateway);
    if (before.cidr.base === shape.cidr.base && before.cidr.prefixLength === shape.cidr.prefixLength) {
      if (hasSameAssignable(before, shape)) return;
      const assignable = this.#lay();
      const was = this.assignable.usable;
      this.#vacancy.relay(assignable, [
        ...subtractSpans(was, assignable.usable),
        ...subtractSpans(assignable.usable, was),
      ]);
      return;
    }
    this.#cidrText = formatCidr(shape.cidr);
    const assignable = this.#lay();
    this.#allocations.move(assignable.space);
    const { first, last } = assignable.space;
    this.cooldown.keepWithin(assignable.space);
    if (this.cursor !== undefined && (this.cursor < first || this.cursor > last)) this.cursor = undefined;
    this.#searchStart = undefined;
    this.#vacancy.relay(assignable);
  }

  /** Live allocations that could not be where they are any more, or not within the ranges. @param limit how many at most */
  orphans({ cidr, gateway, settings }: NetworkShape, limit: number): Allocation[] {
    const assignable = new Assignable(cidr, gateway, settings, [], this.origin);
    const orphans: Allocation[] = [];
    for (const allocation of this.allocations()) {
      if (orphans.length >= limit) break;
      const { offset: first, last, attributes } = allocation;
      const isPrefix = attributes.prefix_length !== undefined;
      if (!assignable.isInRanges({ first, last }) || !assignable.isForHosts({ first, last }, isPrefix))
        orphans.push(allocation);
    }
    return orphans;
  }

  reserve(reservation: Reservation): void {
    this.#reservations.set(reservation.id, reservation);
    this.#vacancy.relay(this.#lay(), [reservation]);
  }

  unreserve(id: string): void {
    const reservation = this.#reservations.get(id);
    if (!reservation) return;
    this.#reservations.delete(id);
    this.#vacancy.relay(this.#lay(), [reservation]);
  }

  #lay(): Assignable {
    const { cidr, gateway, settings } = this.#shape;
    return new Assignable(cidr, gateway, settings, this.#reservations.values(), this.origin);
  }

  #textOf(gateway: bigint | undefined): string | undefined {
    return gateway === undefined ? undefined : formatAddress(this.cidr.family, gateway);
  }
}

/** Whether two shapes of the same CIDR let the same addresses be given. */
function hasSameAssignable(a: NetworkShape, b: NetworkShape): boolean {
  const { ranges = [], excluded } = a.settings;
  return (
    a.gateway === b.gateway && isSameList(ranges, b.settings.ranges ?? []) && isSameList(excluded, b.settings.excluded)
  );
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((text, index) => text === b[index]);
}
