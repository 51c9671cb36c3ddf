import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Command, commands } from './commands.ts';
import { Pair } from './pair.ts';
import { run } from './run.ts';

// Random commands against the pool and the model; after each one they must agree on everything there is to see.
// On a failure fast-check prints the seed, and the shortest failing list of commands that it finds in the time it has.

const ROUNDS = 2;

describe('pool.Pool, against a naive model', () => {
  for (let round = 1; round <= ROUNDS; round++) {
    it(`networks, reservations, leases, cooling, prefixes and restarts, round ${round}`, (t) => {
      const seed = (Date.now() + round) % 2 ** 31;
      t.diagnostic(`seed ${seed}`);
      fc.assert(
        fc.property(commands(), (steps: readonly Command[]) => {
          const pair = new Pair();
          for (const step of steps) run(pair, step);
        }),
        { numRuns: 60, seed, interruptAfterTimeLimit: 5000 },
      );
    });
  }
});
