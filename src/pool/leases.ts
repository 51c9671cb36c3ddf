import type { Allocation } from './allocation.ts';
import { Deadlines } from './deadlines.ts';

/** Deadlines out of date that may stand before they are looked through. */
const SPARE = 1024;

/** The allocations that end by themselves, by when they do. */
export class Leases {
  readonly #ends = new Deadlines<Allocation>();
  readonly #isCurrent: (allocation: Allocation) => boolean;
  #count = 0;

  /** @param isCurrent whether an allocation still stands as it was added */
  constructor(isCurrent: (allocation: Allocation) => boolean) {
    this.#isCurrent = isCurrent;
  }

  add(allocation: Allocation): void {
    const { expires_at } = allocation.attributes;
    if (expires_at === undefined) return;
    this.#count++;
    this.#ends.add(expires_at, allocation);
    this.#tidy();
  }

  delete({ attributes }: Allocation): void {
    if (attributes.expires_at === undefined) return;
    this.#count--;
    this.#tidy();
  }

  /** The next end of a lease; milliseconds since 1970. */
  get next(): number | undefined {
    for (let top = this.#ends.peek(); top; top = this.#ends.peek()) {
      if (this.#isCurrent(top.value)) return top.at;
      this.#ends.pop();
    }
    return undefined;
  }

  /** Allocations that have ended by now and still stand, the longest ended first. @param limit how many at most */
  due(now: number, limit: number): Allocation[] {
    const due: Allocation[] = [];
    while (due.length < limit && (this.next ?? Number.POSITIVE_INFINITY) <= now) {
      const top = this.#ends.pop();
      if (top) due.push(top.value);
    }
    // They stand until their release is durable.
    for (const allocation of due) this.#ends.add(allocation.attributes.expires_at ?? 0, allocation);
    return due;
  }

  /** Each renewal and each release leaves a deadline behind. */
  #tidy(): void {
    if (this.#ends.size > 2 * this.#count + SPARE) this.#ends.compact((_, lease) => this.#isCurrent(lease));
  }
}
