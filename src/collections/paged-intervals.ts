import { Bitset } from './bitset.ts';
import type { Bounds, Intervals } from './intervals.ts';

const PAGE_BITS = 10;
const PAGE_SIZE = 1 << PAGE_BITS;

/**
 * Intervals of a small space (at most 2^32), a slot for each offset in pages of 1,024 that are made when first needed.
 * Values are numbers from 1 on, and stand in every slot of their interval; 0 is nobody.
 *
 * Not a Map: an entry deleted from a Map stays in the chain of its bucket until the next rehash, so that giving one
 * address over and over in a large full pool costs 100 times what it costs in an empty one; and a Map ends at 2^24 entries.
 */
export class PagedIntervals implements Intervals<number> {
  readonly #pages: (Uint32Array | undefined)[];
  /** Slots in use, page by page. A page that became empty is kept: the next address given is likely to be in it. */
  readonly #used: Uint16Array;
  /** Pages that are not empty. */
  readonly #inUse: Bitset;
  readonly #low: bigint;
  readonly #slots: number;
  readonly #bounds: Bounds<number>;
  #size = 0;

  /** An empty table for offsets `low` to `low + size - 1`. */
  constructor(low: bigint, size: bigint, bounds: Bounds<number>) {
    const pages = Math.ceil(Number(size) / PAGE_SIZE);
    this.#pages = new Array<undefined>(pages).fill(undefined);
    this.#used = new Uint16Array(pages);
    this.#inUse = new Bitset(pages);
    this.#bounds = bounds;
    this.#low = low;
    this.#slots = Number(size);
  }

  get size(): number {
    return this.#size;
  }

  get(offset: bigint): number | undefined {
    const slot = this.#slot(offset);
    if (slot < 0 || slot >= this.#slots) return undefined;
    return this.#pages[slot >>> PAGE_BITS]?.[slot & (PAGE_SIZE - 1)] || undefined;
  }

  set(value: number): void {
    const offset = this.#bounds.offset(value);
    if (!this.#clear(offset)) this.#size++;
    this.#fill(offset, this.#bounds.last(value), value);
  }

  delete(value: number): void {
    if (this.#clear(this.#bounds.offset(value))) this.#size--;
  }

  next(offset: bigint): number | undefined {
    return this.#firstFrom(Math.max(0, this.#slot(offset)));
  }

  *from(offset: bigint): Generator<number, void, void> {
    let value = this.next(offset);
    while (value !== undefined) {
      const last = this.#bounds.last(value); // it may be gone when we come back
      yield value;
      value = this.next(last + 1n);
      // The one just yielded was replaced by a longer one.
      if (value !== undefined && this.#bounds.offset(value) <= last) value = this.next(this.#bounds.last(value) + 1n);
    }
  }

  #firstFrom(slot: number): number | undefined {
    if (slot >= this.#slots) return undefined;
    let index = slot & (PAGE_SIZE - 1);
    const first = slot >>> PAGE_BITS;
    for (let page = this.#inUse.next(first); page !== undefined; page = this.#inUse.next(page + 1)) {
      if (page > first) index = 0;
      const slots = this.#pages[page];
      for (; slots && index < PAGE_SIZE; index++) if (slots[index]) return slots[index];
    }
    return undefined;
  }

  /** Empties the slots of the value that begins at an offset. */
  #clear(offset: bigint): boolean {
    const held = this.get(offset);
    if (held === undefined || this.#bounds.offset(held) !== offset) return false;
    this.#fill(offset, this.#bounds.last(held), 0);
    return true;
  }

  /** Writes every slot of an interval that is empty now, or full when it is to be emptied. */
  #fill(offset: bigint, last: bigint, content: number): void {
    const stop = this.#slot(last);
    for (let slot = this.#slot(offset), end = slot; slot <= stop; slot = end + 1) {
      const page = slot >>> PAGE_BITS;
      end = Math.min(stop, slot | (PAGE_SIZE - 1));
      const slots = (this.#pages[page] ??= new Uint32Array(PAGE_SIZE));
      slots.fill(content, slot & (PAGE_SIZE - 1), (end & (PAGE_SIZE - 1)) + 1);
      const used = (this.#used[page] ?? 0) + (content ? end - slot + 1 : slot - end - 1);
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
