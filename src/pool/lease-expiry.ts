import type { Allocation } from './allocation.ts';
import { DeadlineHeap } from '../collections/deadline-heap.ts';

/** Deadlines out of date that may stand before they are looked through. */
const SPARE = 1024;

/** When the allocations that end by themselves do so, by their first offsets. */
export class LeaseExpiry {
  readonly #ends = new DeadlineHeap<number | bigint>();
  readonly #endOf: (offset: bigint) => number | undefined;
  readonly #at: (offset: bigint) => Allocation | undefined;
  #count = 0;
  /** Deadlines beyond one a lease that held, too, when they were looked through last: of an end that was given twice. */
  #surplus = 0;

  /**
   * @param endOf when the allocation that begins at an offset ends by itself; undefined when there is none, or never
   * @param at the allocation itself
   */
  constructor(endOf: (offset: bigint) => number | undefined, at: (offset: bigint) => Allocation | undefined) {
    this.#endOf = endOf;
    this.#at = at;
  }

  /** To be told when the allocation at an offset ends at another time than before, or begins or ceases to be. */
  change(offset: bigint, before: number | undefined, now: number | undefined): void {
    if (before === now) return;
    if (before !== undefined) this.#count--;
    if (now !== undefined) {
      this.#count++;
      this.#ends.add(now, compact(offset));
    }
    this.#tidy();
  }

  /** The next end of a lease; milliseconds since 1970. */
  get next(): number | undefined {
    for (let top = this.#ends.peek(); top; top = this.#ends.peek()) {
      if (this.#isCurrent(top.at, top.value)) return top.at;
      this.#ends.pop();
    }
    return undefined;
  }

  /** Allocations that have ended by now and still stand, the longest ended first. @param limit how many at most */
  due(now: number, limit: number): Allocation[] {
    const due = new Map<number | bigint, Allocation>();
    while (due.size < limit && (this.next ?? Number.POSITIVE_INFINITY) <= now) {
      const offset = this.#ends.pop()?.value ?? 0;
      // An address that was given twice with the same end has two deadlines, and one too many.
      const allocation = due.has(offset) ? undefined : this.#at(BigInt(offset));
      if (allocation) due.set(offset, allocation);
    }
    // They stand until their release is durable.
    for (const [offset, { attributes }] of due) this.#ends.add(attributes.expires_at ?? 0, offset);
    return [...due.values()];
  }

  #isCurrent(at: number, offset: number | bigint): boolean {
    return this.#endOf(BigInt(offset)) === at;
  }

  /** Each renewal and each release leaves a deadline behind. */
  #tidy(): void {
    if (this.#ends.size <= 2 * (this.#count + this.#surplus) + SPARE) return;
    this.#ends.compact((at, offset) => this.#isCurrent(at, offset));
    this.#surplus = Math.max(0, this.#ends.size - this.#count);
  }
}

/** A small number needs no memory of its own; a bigint takes 24 bytes. */
function compact(offset: bigint): number | bigint {
  return offset >= -0x4000_0000n && offset < 0x4000_0000n ? Number(offset) : offset;
}
