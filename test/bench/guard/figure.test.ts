import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ATTEMPTS, type Figure, isWithin, lowest, ratioOf } from './figure.ts';

type Attempt = readonly (readonly [cost: number, beside: number])[];

/** What comes of attempts, the last of which is repeated, and how many were made. */
async function after(...attempts: readonly Attempt[]): Promise<{ figures: Figure[]; made: number }> {
  let made = 0;
  const figures = await lowest(() => {
    const attempt = attempts[Math.min(made++, attempts.length - 1)] ?? [];
    return attempt.map(([cost, beside], i) => ({ what: `figure ${i}`, cost, beside, limit: 2.5 }));
  });
  return { figures, made };
}

// 1.6 is what it costs, 1 what the other does; a busy machine adds to either.
const VERDICTS: readonly [string, readonly Attempt[], number, boolean, number][] = [
  ['ends after one attempt that is within the limit', [[[1.6, 1]]], 1, true, 1.6],
  ['takes the limit itself for within', [[[2.5, 1]]], 1, true, 2.5],
  ['goes on after a disturbed attempt', [[[4, 1]], [[1.6, 1]]], 2, true, 1.6],
  ['goes on to the last', [...Array<Attempt>(ATTEMPTS - 1).fill([[4, 1]]), [[1.6, 1]]], ATTEMPTS, true, 1.6],
  ['ends after the last', [[[3.2, 1]]], ATTEMPTS, false, 3.2],
  ['keeps the lowest cost of an earlier attempt', [[[3, 1]], [[9, 1]]], ATTEMPTS, false, 3],
  ['does not take the lowest ratio: the other was disturbed', [[[3.2, 1]], [[3.2, 2]]], ATTEMPTS, false, 3.2],
  ['fails what is not a number', [[[Number.NaN, 1]]], ATTEMPTS, false, Number.NaN],
  ['fails what costs nothing beside nothing', [[[0, 0]]], ATTEMPTS, false, Number.NaN],
];

describe('bench.guard', () => {
  for (const [what, attempts, made, within, ratio] of VERDICTS) {
    it(what, async () => {
      const result = await after(...attempts);
      assert.equal(result.made, made);
      assert.deepEqual(result.figures.map(isWithin), [within]);
      assert.deepEqual(result.figures.map(ratioOf), [ratio]);
    });
  }

  it('goes on while one of several is above its limit, and judges each by itself', async () => {
    const disturbed = [
      [1.6, 1],
      [4, 1],
    ] as const;
    const { figures, made } = await after(disturbed, disturbed, [
      [9, 1],
      [1.6, 1],
    ]);
    assert.equal(made, 3);
    assert.deepEqual(figures.map(ratioOf), [1.6, 1.6]);
    const { figures: doubled } = await after([
      [1.6, 1],
      [3.2, 1],
    ]);
    assert.deepEqual(doubled.map(isWithin), [true, false]);
  });
});
