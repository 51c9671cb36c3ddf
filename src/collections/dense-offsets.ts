import { Bitset } from './bitset.ts';
import type { Offsets } from './offsets.ts';

/** Offsets of a small space (at most 2^32), one bit each. */
export class DenseOffsets implements Offsets {
  readonly #bits: Bitset;
  readonly #low: bigint;
  readonly #end: bigint;

  constructor(low: bigint, size: bigint) {
    this.#bits = new Bitset(Number(size));
    this.#low = low;
    this.#end = low + size;
  }

  get count(): bigint {
    return BigInt(this.#bits.count);
  }

  has(offset: bigint): boolean {
    return this.#bits.has(this.#position(offset));
  }

  add(first: bigint, last: bigint): void {
    this.#bits.addRange(this.#position(first), this.#position(last));
  }

  delete(first: bigint, last: bigint): void {
    this.#bits.deleteRange(this.#position(first), this.#position(last));
  }

  next(from: bigint): bigint | undefined {
    const position = this.#bits.next(this.#position(from));
    return position === undefined ? undefined : this.#low + BigInt(position);
  }

  nextRun(from: bigint, count: bigint): bigint | undefined {
    const position = this.#bits.nextRun(this.#position(from), Number(count));
    return position === undefined ? undefined : this.#low + BigInt(position);
  }

  gap(from: bigint, until = this.#end): bigint {
    if (from < this.#low || from >= this.#end) return from;
    return this.#low + BigInt(this.#bits.nextAbsent(this.#position(from), this.#position(until)));
  }

  /** Exact within the space; far outside of it rounded, but outside still. */
  #position(offset: bigint): number {
    return Number(offset - this.#low);
  }
}
