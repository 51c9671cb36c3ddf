import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bitset } from '../../src/pool/bitset.ts';
import { lowest, randomStrategy, roundRobin, STRATEGY_NAMES, strategyNamed } from '../../src/pool/strategy.ts';

function setOf(...members: number[]): Bitset {
  const set = new Bitset(64);
  for (const member of members) set.add(member);
  return set;
}

describe('pool.roundRobin', () => {
  const table: readonly [string, number[], number, number | undefined][] = [
    ['begins at the lowest', [2, 3, 9], -1, 2],
    ['goes on behind the last one given', [2, 3, 9], 2, 3],
    ['passes over what is taken', [2, 9], 2, 9],
    ['does not give the last one again while another is free', [2, 9], 9, 2],
    ['comes back to the last one when it is the only one', [9], 9, 9],
    ['begins anew behind the end', [5], 63, 5],
    ['finds nothing in nothing', [], 4, undefined],
  ];
  for (const [what, free, cursor, expected] of table) {
    it(what, () => assert.equal(roundRobin.pick(setOf(...free), cursor), expected));
  }
});

describe('pool.lowest', () => {
  it('does not care what was given last', () => assert.equal(lowest.pick(setOf(2, 3, 9), 5), 2));
  it('finds nothing in nothing', () => assert.equal(lowest.pick(setOf(), -1), undefined));
});

describe('pool.randomStrategy', () => {
  const table: readonly [string, number[], number, number | undefined][] = [
    ['takes the offset that the number falls on', [0, 32, 63], 0.5, 32],
    ['goes up from a taken one', [0, 40, 63], 0.5, 40],
    ['begins anew behind the end', [3], 0.5, 3],
    ['reaches the first', [0, 63], 0, 0],
    ['reaches the last', [0, 63], 0.999_999, 63],
    ['finds nothing in nothing', [], 0.3, undefined],
  ];
  for (const [what, free, random, expected] of table) {
    it(what, () => assert.equal(randomStrategy(64, () => random).pick(setOf(...free), -1), expected));
  }

  it('spreads over an empty /8', () => {
    const size = 2 ** 24;
    const free = new Bitset(size);
    free.addRange(0, size - 1);
    for (const random of [0, 0.25, 0.5, 0.75]) {
      assert.equal(randomStrategy(size, () => random).pick(free, -1), size * random);
    }
  });
});

describe('pool.strategyNamed', () => {
  it('knows every name', () => {
    for (const name of STRATEGY_NAMES) assert.equal(strategyNamed(name, 64, () => 0).pick(setOf(7), -1), 7);
  });
});
