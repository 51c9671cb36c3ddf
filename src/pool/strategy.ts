import type { Offsets } from '../collections/offsets.ts';
import type { Span } from '../collections/span.ts';

/** Chooses where the search for a free offset begins. Stateless: the pool keeps the cursor, so a strategy may change between two starts. */
export interface Strategy {
  /**
   * @param space   all offsets of the network
   * @param cursor  the offset given last; undefined when none was given yet
   */
  start(space: Span, cursor: bigint | undefined): bigint;
}

export const STRATEGY_NAMES = ['round-robin', 'lowest', 'random'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** The next free offset after the last one given: a released address is not given again before the search comes round to it. */
export const roundRobin: Strategy = {
  start: ({ first, last }, cursor) => (cursor === undefined || cursor >= last ? first : cursor + 1n),
};

/** The lowest free offset. */
export const lowest: Strategy = {
  start: ({ first }) => first,
};

/**
 * A free offset near a random one: uniform while the pool is empty, later in favour of addresses behind a taken block.
 *
 * @param random  uniform in [0, 1), like Math.random
 */
export function randomStrategy(random: () => number): Strategy {
  return {
    start: ({ first, last }) => first + randomBelow(last - first + 1n, random),
  };
}

/** The strategy of a name; see {@link randomStrategy} for the parameter. */
export function strategyNamed(name: StrategyName, random: () => number): Strategy {
  switch (name) {
    case 'round-robin':
      return roundRobin;
    case 'lowest':
      return lowest;
    case 'random':
      return randomStrategy(random);
  }
}

/** The first free offset from a start on, going round once. */
export function pickOne(free: Offsets, space: Span, start: bigint): bigint | undefined {
  return free.next(start) ?? free.next(space.first);
}

/**
 * The first run of free offsets from a start on, going round once: first fit.
 *
 * @param count    how many, without a gap
 * @param aligned  the first is a multiple of this many addresses, as an address (not as an offset)
 * @param origin   the address of offset 0
 */
export function pickRun(
  free: Offsets,
  space: Span,
  start: bigint,
  fit: { count: bigint; aligned: bigint; origin: bigint },
): bigint | undefined {
  return runWithin(free, start, space.last, fit) ?? runWithin(free, space.first, start - 1n, fit);
}

/** Where a run of free offsets begins that fits; `begin` to `end`, before it is put on its boundary. */
function runWithin(
  free: Offsets,
  begin: bigint,
  end: bigint,
  { count, aligned, origin }: { count: bigint; aligned: bigint; origin: bigint },
): bigint | undefined {
  let at = free.nextRun(begin, count);
  while (at !== undefined && at <= end) {
    const beyond = aligned === 1n ? 0n : (origin + at) % aligned;
    if (beyond === 0n) return at;
    const first = at + aligned - beyond; // what begins before is not on a boundary
    at = free.nextRun(first, count);
    if (at === first) return first;
  }
  return undefined;
}

const CHUNK = 2 ** 32;

/** Uniform in 0 to n - 1, 32 bits of chance at a time. */
function randomBelow(n: bigint, random: () => number): bigint {
  if (n <= BigInt(CHUNK)) return BigInt(Math.floor(random() * Number(n)));
  let value = 0n;
  for (let span = 1n; span < n; span *= BigInt(CHUNK))
    value = value * BigInt(CHUNK) + BigInt(Math.floor(random() * CHUNK));
  return value % n;
}
