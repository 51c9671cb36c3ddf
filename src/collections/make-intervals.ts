import { PagedIntervals } from './paged-intervals.ts';
import { SortedIntervals } from './sorted-intervals.ts';
import type { Bounds, Intervals } from './intervals.ts';

/** A space of more offsets than this is kept sorted: pages cost 4 bytes for each offset near a value. */
const DENSE_SIZE = 1n << 24n;

/** An empty table for offsets `low` to `low + size - 1`, of what is known by a number (1 to 2^32 - 1). */
export function makeIntervals(low: bigint, size: bigint, bounds: Bounds<number>): Intervals<number> {
  return size <= DENSE_SIZE ? new PagedIntervals(low, size, bounds) : new SortedIntervals(bounds);
}
