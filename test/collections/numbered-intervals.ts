import type { Bounds, Interval, Intervals } from '../../src/collections/intervals.ts';
import { FreeList } from '../../src/collections/free-list.ts';

/** A table of numbers, told in the intervals that they stand for. What is gone cannot be read any more, and its number is given again. */
export class NumberedIntervals implements Intervals<Interval> {
  readonly #numbered = new FreeList<Interval>();
  readonly #table: Intervals<number>;

  constructor(make: (bounds: Bounds<number>) => Intervals<number>) {
    this.#table = make({
      offset: (number) => this.#interval(number).offset,
      last: (number) => this.#interval(number).last,
    });
  }

  get size(): number {
    return this.#table.size;
  }

  get(offset: bigint): Interval | undefined {
    return this.#found(this.#table.get(offset));
  }

  next(offset: bigint): Interval | undefined {
    return this.#found(this.#table.next(offset));
  }

  set(value: Interval): void {
    const before = this.#beginningAt(value.offset);
    this.#table.set(this.#numbered.add(value));
    if (before !== undefined) this.#numbered.delete(before);
  }

  delete(value: Interval): void {
    const number = this.#numbered.add(value); // any value that begins there will do
    const held = this.#beginningAt(value.offset);
    this.#table.delete(number);
    this.#numbered.delete(number);
    if (held !== undefined) this.#numbered.delete(held);
  }

  *from(offset: bigint): Generator<Interval, void, void> {
    for (const number of this.#table.from(offset)) yield this.#interval(number);
  }

  #beginningAt(offset: bigint): number | undefined {
    const number = this.#table.get(offset);
    return number !== undefined && this.#interval(number).offset === offset ? number : undefined;
  }

  #found(number: number | undefined): Interval | undefined {
    return number === undefined ? undefined : this.#interval(number);
  }

  #interval(number: number): Interval {
    const interval = this.#numbered.get(number);
    if (!interval) throw new Error(`${number} is gone`);
    return interval;
  }
}
