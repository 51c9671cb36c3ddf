import type { Bounds, Interval } from './intervals.ts';

const OWN: Bounds<Interval> = { offset: ({ offset }) => offset, last: ({ last }) => last };

/** The bounds of values that are intervals themselves. */
export function ownBounds<V extends Interval>(): Bounds<V> {
  return OWN;
}
