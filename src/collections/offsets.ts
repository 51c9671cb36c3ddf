/** A set of offsets, that finds members and gaps without a scan. What is outside its space is never a member. */
export interface Offsets {
  readonly count: bigint;
  has(offset: bigint): boolean;
  /** Union with first..last (both included). */
  add(first: bigint, last: bigint): void;
  /** Difference with first..last (both included). */
  delete(first: bigint, last: bigint): void;
  /** Smallest member that is `from` or more. */
  next(from: bigint): bigint | undefined;
  /** Smallest offset that is `from` or more and begins `count` members (1 or more) without a gap. */
  nextRun(from: bigint, count: bigint): bigint | undefined;
  /** Smallest offset that is `from` or more and no member (may be one behind the end of the space); `until`, when that is less. */
  gap(from: bigint, until?: bigint): bigint;
}
