import type { Offsets } from './offsets.ts';
import type { Interval } from './intervals.ts';
import { ownBounds } from './own-bounds.ts';
import { SortedIntervals } from './sorted-intervals.ts';

/**
 * Offsets of a large space as runs of neighbours, that neither overlap nor touch.
 *
 *     members   0 1 2 . . 5 . 7 8      runs   0–2  5–5  7–8
 *
 * What it costs depends on the number of runs, not of members: an address each after the other is one run.
 */
export class SparseOffsets implements Offsets {
  readonly #runs = new SortedIntervals<Interval>(ownBounds());
  readonly #low: bigint;
  readonly #high: bigint;
  #count = 0n;

  /** An empty set for offsets `low` to `low + size - 1`. */
  constructor(low: bigint, size: bigint) {
    this.#low = low;
    this.#high = low + size - 1n;
  }

  get count(): bigint {
    return this.#count;
  }

  has(offset: bigint): boolean {
    return this.#runs.get(offset) !== undefined;
  }

  add(first: bigint, last: bigint): void {
    let start = first < this.#low ? this.#low : first;
    let end = last > this.#high ? this.#high : last;
    if (start > end) return;
    for (const run of this.#runs.take(start - 1n, end + 1n)) {
      this.#count -= length(run);
      if (run.offset < start) start = run.offset;
      if (run.last > end) end = run.last;
    }
    this.#put(start, end);
  }

  delete(first: bigint, last: bigint): void {
    const run = this.#runs.next(first);
    if (first > last || !run || run.offset > last) return;
    if (run.offset === first && run.last > last) {
      // Nearly always: a strategy gives the first that is free.
      this.#runs.replace(run, { offset: last + 1n, last: run.last });
      this.#count -= last - first + 1n;
      return;
    }
    for (const run of this.#runs.take(first, last)) {
      this.#count -= length(run);
      if (run.offset < first) this.#put(run.offset, first - 1n);
      if (run.last > last) this.#put(last + 1n, run.last);
    }
  }

  next(from: bigint): bigint | undefined {
    const offset = this.#runs.next(from)?.offset;
    return offset !== undefined && offset < from ? from : offset;
  }

  nextRun(from: bigint, count: bigint): bigint | undefined {
    for (const { offset, last } of this.#runs.from(from)) {
      const first = offset < from ? from : offset;
      if (first + count <= last + 1n) return first;
    }
    return undefined;
  }

  gap(from: bigint, until?: bigint): bigint {
    const run = this.#runs.get(from);
    if (!run) return from;
    return until !== undefined && until <= run.last ? until : run.last + 1n;
  }

  #put(offset: bigint, last: bigint): void {
    const run = { offset, last };
    this.#runs.set(run);
    this.#count += length(run);
  }
}

function length(run: Interval): bigint {
  return run.last - run.offset + 1n;
}
