import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { longestGap, ratesOf } from './recovery.ts';

describe('bench.longestGap', () => {
  const table: readonly [string, number[], number][] = [
    ['is all of it when nothing was acknowledged', [], 100],
    ['is between two of them', [120, 130, 170, 190], 40],
    ['may be the time until the first', [160, 180], 60],
    ['may be the time since the last', [120, 140], 60],
    ['does not end with what came before', [50, 90], 100],
    ['does not end with what came after', [210, 250], 100],
    ['does not span what came in between', [90, 110, 120, 180, 210], 60],
    ['of one in the middle is half of it', [150], 50],
    ['takes the ends as they are', [100, 140, 200], 60],
  ];
  for (const [what, acknowledged, expected] of table) {
    it(what, () => assert.equal(longestGap(acknowledged, 100, 200), expected));
  }
});

describe('bench.ratesOf', () => {
  it('counts a second from the acknowledgements of each quarter of one, the last without its end', () => {
    assert.deepEqual(ratesOf([1000, 1249, 1250, 1700, 1999, 2000], 1000, 2000), [8, 4, 4, 4]);
  });

  it('leaves out what came before, after, and in a quarter that is not a whole one', () => {
    assert.deepEqual(ratesOf([999, 1000, 1500, 1600], 1000, 1600), [4, 0]);
  });
});
