import { DenseOffsets } from './dense-offsets.ts';
import { SparseOffsets } from './sparse-offsets.ts';
import type { Offsets } from './offsets.ts';

/** A space of more offsets than this is kept as runs: a bitset of 2^24 takes 2.16 MB, one of a /64 cannot be made. */
const DENSE_SIZE = 1n << 24n;

/** An empty set for offsets `low` to `low + size - 1`. */
export function makeOffsets(low: bigint, size: bigint): Offsets {
  return size <= DENSE_SIZE ? new DenseOffsets(low, size) : new SparseOffsets(low, size);
}
