import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DenseOffsets } from '../../src/collections/dense-offsets.ts';
import { SparseOffsets } from '../../src/collections/sparse-offsets.ts';
import {
  lowest,
  pickOne,
  pickRun,
  randomStrategy,
  roundRobin,
  type Strategy,
  STRATEGY_NAMES,
  strategyNamed,
} from '../../src/pool/strategy.ts';

const SPACE = { first: 0n, last: 63n };

function setOf(members: readonly number[], low = 0n): DenseOffsets {
  const set = new DenseOffsets(low, 64n);
  for (const member of members) set.add(low + BigInt(member), low + BigInt(member));
  return set;
}

/** What a strategy comes to: the free offset that is given. */
function picked(strategy: Strategy, free: readonly number[], cursor?: number): number | undefined {
  const start = strategy.start(SPACE, cursor === undefined ? undefined : BigInt(cursor));
  const offset = pickOne(setOf(free), SPACE, start);
  return offset === undefined ? undefined : Number(offset);
}

describe('pool.roundRobin', () => {
  const table: readonly [string, number[], number | undefined, number | undefined][] = [
    ['begins at the lowest', [2, 3, 9], undefined, 2],
    ['goes on behind the last one given', [2, 3, 9], 2, 3],
    ['passes over what is taken', [2, 9], 2, 9],
    ['does not give the last one again while another is free', [2, 9], 9, 2],
    ['comes back to the last one when it is the only one', [9], 9, 9],
    ['begins anew behind the end', [5], 63, 5],
    ['finds nothing in nothing', [], 4, undefined],
  ];
  for (const [what, free, cursor, expected] of table) {
    it(what, () => assert.equal(picked(roundRobin, free, cursor), expected));
  }

  it('begins at the lowest offset of a network that grew downwards', () => {
    assert.equal(roundRobin.start({ first: -64n, last: 63n }, 63n), -64n);
    assert.equal(roundRobin.start({ first: -64n, last: 63n }, -1n), 0n);
  });
});

describe('pool.lowest', () => {
  it('does not care what was given last', () => assert.equal(picked(lowest, [2, 3, 9], 5), 2));
  it('finds nothing in nothing', () => assert.equal(picked(lowest, []), undefined));
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
    it(what, () =>
      assert.equal(
        picked(
          randomStrategy(() => random),
          free,
        ),
        expected,
      ),
    );
  }

  it('spreads over an empty /8', () => {
    for (const random of [0, 0.25, 0.5, 0.75]) {
      const start = randomStrategy(() => random).start({ first: 0n, last: 2n ** 24n - 1n }, undefined);
      assert.equal(start, BigInt(2 ** 24 * random));
    }
  });

  it('stays in a space of any size, and reaches both of its halves', () => {
    const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const size = fc.bigInt({ min: 1n, max: 2n ** 112n });
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 112n), max: 0n }), size, fc.infiniteStream(chance), (first, n, stream) => {
        const random = () => stream.next().value as number;
        const start = randomStrategy(random).start({ first, last: first + n - 1n }, undefined);
        assert.ok(start >= first && start < first + n);
      }),
    );
    for (const bits of [32n, 33n, 64n, 65n, 112n]) {
      const space = { first: 0n, last: 2n ** bits - 1n };
      assert.equal(randomStrategy(() => 0).start(space, undefined), 0n);
      const high = randomStrategy(() => 1 - 2 ** -53).start(space, undefined);
      assert.ok(high >= 2n ** (bits - 1n), `${bits} bits`);
    }
  });
});

describe('pool.pickRun', () => {
  const offset = fc.nat(63);
  const wish = fc.record({ free: fc.array(offset, { maxLength: 64, size: 'max' }), start: offset });

  for (const [name, isSparse] of [
    ['dense', false],
    ['sparse', true],
  ] as const) {
    it(`finds what looking at every place finds, ${name}`, (t) => {
      const seed = Date.now() % 2 ** 31;
      t.diagnostic(`seed ${seed}`);
      const low = fc.constantFrom(0n, -7n, 2n ** 70n);
      const count = fc.integer({ min: 1, max: 9 });
      fc.assert(
        fc.property(wish, low, count, fc.constantFrom(1, 2, 4, 8), (given, from, size, aligned) => {
          // Neighbours too: long runs are what this is about.
          const members = new Set(given.free.flatMap((at) => [at, at ^ 1, at ^ 2, at ^ 3]));
          const free = isSparse ? new SparseOffsets(from, 64n) : new DenseOffsets(from, 64n);
          for (const member of members) free.add(from + BigInt(member), from + BigInt(member));
          const origin = 2n ** 71n + 3n;
          const places = Array.from({ length: 64 }, (_, at) => (given.start + at) % 64);
          const expected = places.find((at) => {
            const isAligned = (origin + from + BigInt(at)) % BigInt(aligned) === 0n;
            return isAligned && Array.from({ length: size }, (_, i) => at + i).every((each) => members.has(each));
          });
          const space = { first: from, last: from + 63n };
          const found = pickRun(free, space, from + BigInt(given.start), {
            count: BigInt(size),
            aligned: BigInt(aligned),
            origin,
          });
          assert.equal(found, expected === undefined ? undefined : from + BigInt(expected));
        }),
        { numRuns: 1000, seed },
      );
    });
  }
});

describe('pool.pickRun, in pieces', () => {
  const pieces: readonly (readonly [string, bigint, bigint])[] = [
    ['once for all pieces that are too short', 2n, 1n],
    ['once for each block that a long piece is not on the boundary of', 8192n, 8191n],
  ];
  for (const [what, every, length] of pieces) {
    it(`looks ${what}`, () => {
      const free = new DenseOffsets(0n, 65_536n);
      for (let at = 1n; at < 65_536n; at += every) free.add(at, at + length - 1n);
      let looked = 0;
      const counted = Object.assign(Object.create(free) as DenseOffsets, {
        nextRun: (from: bigint, count: bigint) => ++looked && free.nextRun(from, count),
      });
      const space = { first: 0n, last: 65_535n };
      assert.equal(pickRun(counted, space, 0n, { count: 8192n, aligned: 8192n, origin: 0n }), undefined);
      assert.ok(looked <= (every === 2n ? 2 : 2 * 8 + 2), `${looked} times`);
    });
  }
});

describe('pool.strategyNamed', () => {
  it('knows every name', () => {
    for (const name of STRATEGY_NAMES) {
      assert.equal(
        picked(
          strategyNamed(name, () => 0),
          [7],
        ),
        7,
      );
    }
  });
});
