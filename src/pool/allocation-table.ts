import { type Allocation, ownerKey } from './allocation.ts';
import type { Owner } from './events.ts';
import { SnapshotView } from './snapshot-view.ts';
import { makeIntervals } from '../collections/make-intervals.ts';
import type { Interval, Intervals } from '../collections/intervals.ts';
import { LeaseExpiry } from './lease-expiry.ts';
import type { AllocationRecords } from './allocation-records.ts';
import type { Span } from '../collections/span.ts';
import { HashIndex } from '../collections/hash-index.ts';

/**
 * The allocations of one network, found by address, by owner and by MAC.
 *
 *     by address   offset  -> record ┐
 *     by owner     text    -> record ├─>  Records: the bytes of an allocation
 *     by MAC       text    -> record ┘
 *
 * A record is a number: the tables hold 4 to 13 bytes an allocation, and nothing that the garbage collector would have to
 * look at. An {@link Allocation} is made when somebody asks for it.
 */
export class AllocationTable {
  readonly leases: LeaseExpiry;
  readonly #records: AllocationRecords;
  #byAddress: Intervals<number>;
  readonly #byOwner: HashIndex;
  readonly #byMac: HashIndex;
  /** Those who read what was there at some moment; weak, since nobody says that he has stopped reading. */
  #frozen: WeakRef<SnapshotView>[] = [];
  #addresses = 0n;

  /**
   * @param records of all networks
   * @param space all offsets of this one
   * @param seed of the hashes over texts, so that nobody outside can choose texts that fall together
   */
  constructor(records: AllocationRecords, space: Span, seed: number) {
    this.#records = records;
    this.#byAddress = this.#lay(space);
    this.#byOwner = new HashIndex((record, key) => records.isOwnedBy(record, key), seed);
    this.#byMac = new HashIndex((record, mac) => records.hasMac(record, mac), seed);
    this.leases = new LeaseExpiry(
      (offset) => this.#endOf(offset),
      (offset) => this.at(offset),
    );
  }

  /** How many; a range is one. */
  get count(): number {
    return this.#byAddress.size;
  }

  /** How many addresses they have. */
  get addresses(): bigint {
    return this.#addresses;
  }

  /** The one that an offset belongs to. */
  at(offset: bigint): Allocation | undefined {
    return this.#read(this.#byAddress.get(offset));
  }

  /** The first one that holds an offset of a span. */
  within({ first, last }: Span): Allocation | undefined {
    if (first === last) return this.at(first); // nearly all: where nothing is, the next one may be far
    const record = this.#byAddress.next(first);
    return record !== undefined && this.#records.offset(record) <= last ? this.#records.read(record) : undefined;
  }

  of(owner: Owner): Allocation | undefined {
    const key = ownerKey(owner);
    return key === undefined ? undefined : this.#read(this.#byOwner.get(key));
  }

  withMac(mac: string): Allocation[] {
    return this.#byMac.all(mac).map((record) => this.#records.read(record));
  }

  /** From an offset on, in the order of their addresses. Safe against changes between two steps. */
  *from(offset: bigint): Generator<Allocation, void, void> {
    for (const record of this.#recordsFrom(offset)) yield this.#records.read(record);
  }

  /** What {@link at} finds, without what it says but where it is. */
  spanAt(offset: bigint): Interval | undefined {
    const record = this.#byAddress.get(offset);
    return record === undefined ? undefined : this.#place(record);
  }

  /** What {@link from} finds, without what it says but where it is. */
  *spansFrom(offset: bigint): Generator<Interval, void, void> {
    for (const record of this.#recordsFrom(offset)) yield this.#place(record);
  }

  /** All of this moment, in the order of their addresses: to be gone through once, in one's own time. Takes no time now. */
  snapshotView(): Iterable<Allocation> {
    const snapshotView = new SnapshotView((offset) => this.#read(this.#byAddress.next(offset)));
    this.#frozen.push(new WeakRef(snapshotView));
    return snapshotView;
  }

  /** Puts one in, or replaces the one of the same owner and address. @returns whether it is new */
  put(allocation: Allocation): boolean {
    const { offset, size, attributes } = allocation;
    const record = this.#beginningAt(offset);
    const before = this.#read(record);
    if (this.#frozen.length > 0) this.#keepImage(offset, before);
    const after = this.#records.add(allocation);
    this.#byAddress.set(after);
    if (record !== undefined && before) this.#forget(record, before);
    this.leases.change(offset, before?.attributes.expires_at, attributes.expires_at);
    const key = ownerKey(allocation);
    if (key !== undefined) this.#byOwner.add(key, after);
    if (attributes.mac !== undefined) this.#byMac.add(attributes.mac, after);
    this.#addresses += size;
    return !before;
  }

  /** Takes one out that is there. */
  delete(allocation: Allocation): void {
    const { offset, attributes } = allocation;
    const record = this.#beginningAt(offset);
    if (record === undefined) return;
    if (this.#frozen.length > 0) this.#keepImage(offset, allocation);
    this.#byAddress.delete(record);
    this.#forget(record, allocation);
    this.leases.change(offset, attributes.expires_at, undefined);
  }

  /** Goes on in another space, that all of them are in. */
  move(space: Span): void {
    const before = this.#byAddress;
    this.#byAddress = this.#lay(space);
    for (const record of before.from(space.first)) this.#byAddress.set(record);
  }

  /** Asks the table anew at each step: between two it may be another one, and a record somebody else's. */
  *#recordsFrom(offset: bigint): Generator<number, void, void> {
    for (let record = this.#byAddress.next(offset); record !== undefined;) {
      const last = this.#records.last(record);
      yield record;
      record = this.#byAddress.next(last + 1n);
      const isLonger = record !== undefined && this.#records.offset(record) <= last; // in the place of the one before
      if (record !== undefined && isLonger) record = this.#byAddress.next(this.#records.last(record) + 1n);
    }
  }

  #lay({ first, last }: Span): Intervals<number> {
    return makeIntervals(first, last - first + 1n, this.#records);
  }

  #read(record: number | undefined): Allocation | undefined {
    return record === undefined ? undefined : this.#records.read(record);
  }

  #place(record: number): Interval {
    return { offset: this.#records.offset(record), last: this.#records.last(record) };
  }

  #beginningAt(offset: bigint): number | undefined {
    const record = this.#byAddress.get(offset);
    return record !== undefined && this.#records.offset(record) === offset ? record : undefined;
  }

  #endOf(offset: bigint): number | undefined {
    const record = this.#beginningAt(offset);
    return record === undefined ? undefined : this.#records.expiresAt(record);
  }

  /** Forgets everything of a record but where it stood. */
  #forget(record: number, allocation: Allocation): void {
    const { mac } = allocation.attributes;
    const key = ownerKey(allocation);
    if (key !== undefined) this.#byOwner.delete(key, record);
    if (mac !== undefined) this.#byMac.delete(mac, record);
    this.#addresses -= allocation.size;
    this.#records.delete(record);
  }

  #keepImage(offset: bigint, before: Allocation | undefined): void {
    this.#frozen = this.#frozen.filter((reference) => {
      const snapshotView = reference.deref();
      snapshotView?.keep(offset, before);
      return snapshotView && !snapshotView.isOver;
    });
  }
}
