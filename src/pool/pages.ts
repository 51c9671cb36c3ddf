import { Bitset } from './bitset.ts';
import type { Interval, Intervals } from './intervals.ts';

const PAGE_BITS = 10;
const PAGE_SIZE = 1 << PAGE_BITS;

/**
 * Intervals of a small space (at most 2^32), a slot for each offset in pages of 1,024 that are made when first needed.
 * A value stands in every slot of its interval.
 *
 * Not a Map: an entry deleted from a Map stays in the chain of its bucket until the next rehash, so that giving one
 * address over and over in a large full pool costs 100 times what it costs in an empty one; and a Map ends at 2^24 entries.
 */
export class Pages<V extends Interval> implements Intervals<V> {
  readonly #pages: ((V | undefined)[] | undefined)[];
  /** Slots in use, page by page. A page that became empty is kept: the next address given is likely to be in it. */
  readonly #used: Uint16Array;
  /** Pages that are not empty. */
  readonly #inUse: Bitset;
  readonly #low: bigint;
  readonly #slots: number;
  #size = 0;

  /** An empty table for offsets `low` to `low + size - 1`. */
  constructor(low: bigint, size: bigint) {
    const pages = Math.ceil(Number(size) / PAGE_SIZE);
    this.#pages = new Array<undefined>(pages).fill(undefined);
    this.#used = new Uint16Array(pages);
    this.#inUse = new Bitset(pages);
    this.#low = low;
    this.#slots = Number(size);
  }

  get size(): number {
    return this.#size;
  }

  get(offset: bigint): V | undefined {
    const slot = this.#slot(offset);
    if (slot < 0 || slot >= this.#slots) return undefined;
    return this.#pages[slot >>> PAGE_BITS]?.[slot & (PAGE_SIZE - 1)];
  }

  set(value: V): void {
    this.delete(value);
    this.#fill(value, value);
    this.#size++;
  }

  delete(value: V): void {
    const held = this.get(value.offset);
    if (held?.offset !== value.offset) return;
    this.#fill(held, undefined);
    this.#size--;
  }

  next(offset: bigint): V | undefined {
    return this.#firstFrom(Math.max(0, this.#slot(offset)));
  }

  *from(offset: bigint): Generator<V, void, void> {
    let value = this.next(offset);
    while (value) {
      yield value;
      const { last } = value;
      value = this.next(last + 1n);
      // The one just yielded was replaced by a longer one.
      if (value && value.offset <= last) value = this.next(value.last + 1n);
    }
  }

  /** All values in order, about 10 ns each. */
  values(): V[] {
    const values: V[] = [];
    let before: V | undefined;
    for (let page = this.#inUse.next(0); page !== undefined; page = this.#inUse.next(page + 1)) {
      for (const value of this.#pages[page] ?? []) {
        if (!value || value === before) continue;
        values.push(value);
        before = value;
      }
    }
    return values;
  }

  #firstFrom(slot: number): V | undefined {
    if (slot >= this.#slots) return undefined;
    let index = slot & (PAGE_SIZE - 1);
    const first = slot >>> PAGE_BITS;
    for (let page = this.#inUse.next(first); page !== undefined; page = this.#inUse.next(page + 1)) {
      if (page > first) index = 0;
      const slots = this.#pages[page] ?? [];
      for (; index < slots.length; index++) if (slots[index]) return slots[index];
    }
    return undefined;
  }

  /** Writes every slot of an interval that is empty now, or full when it is to be emptied. */
  #fill(interval: Interval, value: V | undefined): void {
    const last = this.#slot(interval.last);
    for (let slot = this.#slot(interval.offset), end = slot; slot <= last; slot = end + 1) {
      const page = slot >>> PAGE_BITS;
      end = Math.min(last, slot | (PAGE_SIZE - 1));
      const slots = (this.#pages[page] ??= new Array<undefined>(PAGE_SIZE).fill(undefined));
      slots.fill(value, slot & (PAGE_SIZE - 1), (end & (PAGE_SIZE - 1)) + 1);
      const used = (this.#used[page] ?? 0) + (value ? end - slot + 1 : slot - end - 1);
      this.#used[page] = used;
      if (used > 0) this.#inUse.add(page);
      else this.#inUse.delete(page);
    }
  }

  /** Exact within the space; far outside of it rounded, but outside still. */
  #slot(offset: bigint): number {
    return Number(offset - this.#low);
  }
}
