import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { SparseOffsets } from '../../src/collections/sparse-offsets.ts';

const LOW = -(2n ** 100n);
const SIZE = 2n ** 112n;

interface Run {
  readonly first: bigint;
  readonly last: bigint;
}

/** The obvious way: a sorted array of runs, gone through from one end to the other. */
class NaiveRuns {
  runs: Run[] = [];

  add(first: bigint, last: bigint): void {
    const touched = this.runs.filter((run) => run.last >= first - 1n && run.first <= last + 1n);
    for (const run of touched) {
      if (run.first < first) first = run.first;
      if (run.last > last) last = run.last;
    }
    const rest = this.runs.filter((run) => !touched.includes(run));
    this.runs = [...rest, { first, last }].sort((a, b) => (a.first < b.first ? -1 : 1));
  }

  delete(first: bigint, last: bigint): void {
    this.runs = this.runs.flatMap((run) => {
      if (run.last < first || run.first > last) return [run];
      const below = { first: run.first, last: first - 1n };
      const above = { first: last + 1n, last: run.last };
      return [below, above].filter((part) => part.first <= part.last);
    });
  }
}

// Landmarks, and what is near them: so that ranges of all lengths touch, cross and include each other.
const landmarks = [LOW, -(2n ** 64n), -1n, 0n, 2n ** 32n, 2n ** 53n, 2n ** 64n, 2n ** 111n, LOW + SIZE - 1n];
const offset = fc.oneof(
  fc.tuple(fc.constantFrom(...landmarks), fc.bigInt({ min: -9n, max: 9n })).map(([mark, by]) => mark + by),
  fc.bigInt({ min: LOW, max: LOW + SIZE - 1n }),
);
const inSpace = offset.map((at) => (at < LOW ? LOW : at >= LOW + SIZE ? LOW + SIZE - 1n : at));
const step = fc.tuple(
  fc.constantFrom<'add' | 'delete'>('add', 'delete'),
  inSpace,
  fc.oneof({ weight: 4, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: inSpace }),
);

describe('pool.Runs', () => {
  it('does what a plain list of runs does, with offsets up to 2^112', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const set = new SparseOffsets(LOW, SIZE);
        const model = new NaiveRuns();
        for (const [op, one, other = one] of steps) {
          const [first, last] = one < other ? [one, other] : [other, one];
          set[op](first, last);
          model[op](first, last);
          assert.deepEqual(listed(set), model.runs);
          assert.equal(set.count, total(model.runs));
        }
      }),
      { numRuns: 200, seed, interruptAfterTimeLimit: 10_000 },
    );
  });

  it('adds up 20,000 runs that come in any order, and loses them in one step', () => {
    const set = new SparseOffsets(0n, 2n ** 64n);
    // 7919 has no factor in common with 20,000: every multiple comes up once.
    const nth = (index: number): bigint => BigInt((index * 7919) % 20_000) * 10n;
    for (let index = 0; index < 20_000; index++) set.add(nth(index), nth(index) + 3n);
    assert.equal(set.count, 80_000n);
    assert.equal(listed(set).length, 20_000);
    for (let index = 0; index < 20_000; index += 2) set.add(nth(index) + 4n, nth(index) + 9n);
    assert.equal(set.count, 140_000n);
    assert.deepEqual(listed(set).at(-1), { first: 199_980n, last: 199_993n });
    assert.equal(listed(set).length, 10_000);
    set.delete(15n, 2n ** 63n);
    assert.deepEqual(listed(set), [{ first: 0n, last: 13n }]);
    set.delete(0n, 13n);
    assert.equal(set.count, 0n);
    assert.deepEqual(listed(set), []);
  });
});

function listed(set: SparseOffsets): Run[] {
  const runs: Run[] = [];
  for (let first = set.next(LOW); first !== undefined; first = set.next(set.gap(first))) {
    runs.push({ first, last: set.gap(first) - 1n });
  }
  return runs;
}

function total(runs: readonly Run[]): bigint {
  return runs.reduce((sum, run) => sum + run.last - run.first + 1n, 0n);
}
