import type { Bitset } from './bitset.ts';

/** Chooses among the free offsets. Stateless: the pool keeps the cursor, so a strategy may change between two starts. */
export interface Strategy {
  /**
   * @param free    the offsets that may be given
   * @param cursor  the offset given last, -1 when none was given yet
   * @returns a member of `free`; undefined when it is empty
   */
  pick(free: Bitset, cursor: number): number | undefined;
}

export const STRATEGY_NAMES = ['round-robin', 'lowest', 'random'] as const;
export type StrategyName = (typeof STRATEGY_NAMES)[number];

/** The next free offset after the last one given: a released address is not given again before the search comes round to it. */
export const roundRobin: Strategy = {
  pick: (free, cursor) => free.next(cursor + 1) ?? free.next(0),
};

/** The lowest free offset. */
export const lowest: Strategy = {
  pick: (free) => free.next(0),
};

/**
 * A free offset near a random one: uniform while the pool is empty, later in favour of addresses behind a taken block.
 *
 * @param size    how many offsets the network spans
 * @param random  uniform in [0, 1), like Math.random
 */
export function randomStrategy(size: number, random: () => number): Strategy {
  return {
    pick: (free) => free.next(Math.floor(random() * size)) ?? free.next(0),
  };
}

/** The strategy of a name; see {@link randomStrategy} for the parameters. */
export function strategyNamed(name: StrategyName, size: number, random: () => number): Strategy {
  switch (name) {
    case 'round-robin':
      return roundRobin;
    case 'lowest':
      return lowest;
    case 'random':
      return randomStrategy(size, random);
  }
}
