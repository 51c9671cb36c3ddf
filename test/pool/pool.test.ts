import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { STRATEGY_NAMES } from '../../src/pool/strategy.ts';
import { type Command, commands } from './commands.ts';
import { Pair } from './pair.ts';

// Random commands against the pool and the model; after each one they must agree on everything there is to see.
// On a failure fast-check prints the seed, and the shortest failing list of commands that it finds in twenty seconds.

const PREFIX_LENGTHS = [30, 29, 28, 27, 26, 25];

describe('pool.Pool, against a naive model', () => {
  for (const strategy of STRATEGY_NAMES) {
    for (const prefixLength of PREFIX_LENGTHS) {
      it(`${strategy}, /${prefixLength}`, (t) => {
        const seed = Date.now() % 2 ** 31;
        t.diagnostic(`seed ${seed}`);
        fc.assert(
          fc.property(commands(prefixLength), (steps: readonly Command[]) => {
            const pair = new Pair(strategy, prefixLength);
            for (const step of steps) {
              pair.run(step);
              pair.check();
            }
          }),
          { numRuns: 60, seed, interruptAfterTimeLimit: 20_000 },
        );
      });
    }
  }
});

describe('pool.Pool, round robin', () => {
  it('gives every address that was never given before one that was released', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(60), { maxLength: 30 }), (releases) => {
        const pair = new Pair('round-robin', 26);
        const hosts = pair.model.available();
        const given = new Set<number>();
        for (let i = 0; i < hosts; i++) {
          pair.run({ do: 'allocate', vm: `vm${i}`, hostname: undefined, random: 0, fate: 'commit' });
          const offset = pair.model.whereIs(`vm${i}`)!;
          assert.ok(!given.has(offset), `offset ${offset} is given twice in the first round`);
          given.add(offset);
          const released = releases[i];
          if (released !== undefined) pair.run({ do: 'release', vm: `vm${released % (i + 1)}`, fate: 'commit' });
          pair.check();
        }
      }),
      { numRuns: 50, interruptAfterTimeLimit: 20_000 },
    );
  });

  it('lets a released address rest while any other is free', () => {
    const pair = new Pair('round-robin', 28);
    pair.run({ do: 'allocate', vm: 'a', hostname: undefined, random: 0, fate: 'commit' });
    const hosts = pair.model.available() + 1;
    for (let i = 0; i < 3 * hosts; i++) {
      const before = pair.model.whereIs('a');
      pair.run({ do: 'release', vm: 'a', fate: 'commit' });
      pair.run({ do: 'allocate', vm: 'a', hostname: undefined, random: 0, fate: 'commit' });
      assert.notEqual(pair.model.whereIs('a'), before);
      pair.check();
    }
  });
});
