/** Offsets `offset` to `last`, both included. */
export interface Interval {
  readonly offset: bigint;
  readonly last: bigint;
}

/** Where the values of a table begin and end. */
export interface Bounds<V> {
  readonly offset: (value: V) => bigint;
  readonly last: (value: V) => bigint;
}

/** A table of values that hold one interval each, in order, none overlapping another. */
export interface Intervals<V> {
  /** How many values. */
  readonly size: number;
  /** The value whose interval includes the offset. */
  get(offset: bigint): V | undefined;
  /** Puts a value in, in place of the one that begins at the same offset. It lies within the space and overlaps no other. */
  set(value: V): void;
  /** Takes out the value that begins where this one begins; nothing happens when there is none. */
  delete(value: V): void;
  /** The first value that ends at `offset` or later. */
  next(offset: bigint): V | undefined;
  /**
   * The values that end at `offset` or later, in order. The table may change between two steps: it continues at the
   * first value that begins behind the end of the one it yielded last.
   */
  from(offset: bigint): Generator<V, void, void>;
}
