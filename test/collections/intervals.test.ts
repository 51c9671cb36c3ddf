import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { makeIntervals } from '../../src/collections/make-intervals.ts';
import type { Interval, Intervals } from '../../src/collections/intervals.ts';
import { PagedIntervals } from '../../src/collections/paged-intervals.ts';
import { ownBounds } from '../../src/collections/own-bounds.ts';
import { SortedIntervals } from '../../src/collections/sorted-intervals.ts';
import { NumberedIntervals } from './numbered-intervals.ts';

const SIZE = 4500;

const kinds: Record<string, (low: bigint) => Intervals<Interval>> = {
  Pages: (low) => new NumberedIntervals((bounds) => new PagedIntervals(low, BigInt(SIZE), bounds)),
  Sorted: () => new SortedIntervals(ownBounds()),
  'Sorted by number': () => new NumberedIntervals((bounds) => new SortedIntervals(bounds)),
};

const lows = [-2500n, 0n, 2n ** 80n];

/** The obvious way: an array, gone through from one end to the other. */
class NaiveTable {
  all: Interval[] = [];

  set(value: Interval): void {
    this.delete(value);
    this.all.push(value);
    this.all.sort((a, b) => (a.offset < b.offset ? -1 : 1));
  }

  delete(value: Interval): void {
    this.all = this.all.filter((held) => held.offset !== value.offset);
  }

  get(offset: bigint): Interval | undefined {
    return this.all.find((held) => held.offset <= offset && offset <= held.last);
  }

  /** Whether a value fits in, that is overlaps none but the one it replaces. */
  fits(value: Interval): boolean {
    return !this.all.some(
      (held) => held.offset !== value.offset && held.offset <= value.last && held.last >= value.offset,
    );
  }
}

type Fill = 'empty' | 'ascending' | 'descending' | 'shuffled';
const fill = fc.constantFrom<Fill>('empty', 'ascending', 'descending', 'shuffled');
// Long ones cover whole pages; long deletes leave chunks that are nearly empty.
const step = fc.record({
  op: fc.constantFrom('set', 'set', 'delete', 'deleteAll', 'look'),
  at: fc.integer({ min: 0, max: SIZE - 1 }),
  length: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 1, max: 4 }) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 3000 }) },
  ),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

for (const [name, make] of Object.entries(kinds)) {
  describe(`pool.intervals: ${name}`, () => {
    for (const low of lows) {
      it(`does what a sorted array does, from ${String(low)}`, (t) => {
        const seed = Date.now() % 2 ** 31;
        t.diagnostic(`seed ${seed}`);
        fc.assert(
          fc.property(fill, fc.array(step, { maxLength: 50 }), (order, steps) => {
            const [table, model] = filled(make(low), low, order);
            for (const each of steps) run(table, model, low, each);
            assert.deepEqual([...table.from(low)], model.all);
            assert.equal(table.size, model.all.length);
            for (let at = -1; at <= SIZE; at += 53) look(table, model, low + BigInt(at));
          }),
          { numRuns: 15, seed, interruptAfterTimeLimit: 10_000 },
        );
      });

      it(`goes on behind the last one when the table changes on the way, from ${String(low)}`, (t) => {
        const seed = Date.now() % 2 ** 31;
        t.diagnostic(`seed ${seed}`);
        fc.assert(
          fc.property(fill, fc.integer({ min: -9, max: SIZE }), fc.array(step), (order, start, steps) => {
            const [table, model] = filled(make(low), low, order);
            let behind = low + BigInt(start) - 1n;
            const left = [...steps];
            let expected = model.all.find((value) => value.last > behind);
            for (const value of table.from(low + BigInt(start))) {
              assert.equal(value, expected);
              behind = value.last;
              const near = left.pop();
              if (near) {
                const at = Math.min(SIZE - 1, Number(value.offset - low) + (near.at % 8));
                run(table, model, low, { ...near, at });
                run(table, model, low, near);
              }
              expected = model.all.find((held) => held.offset > behind);
            }
            assert.equal(expected, undefined);
          }),
          { numRuns: 15, seed, interruptAfterTimeLimit: 10_000 },
        );
      });
    }

    it('holds nothing outside, and finds from far below what there is', () => {
      const table = make(0n);
      assert.equal(table.next(-(2n ** 112n)), undefined);
      table.delete({ offset: 3n, last: 3n });
      const value = { offset: 3n, last: 4n };
      table.set(value);
      table.delete({ offset: 4n, last: 4n }); // begins within the other, not with it
      for (const far of [-(2n ** 112n), -1n, 2n ** 32n + 3n, 2n ** 112n]) assert.equal(table.get(far), undefined);
      assert.equal(table.next(-(2n ** 112n)), value);
      assert.equal(table.next(2n ** 112n), undefined);
      assert.deepEqual([...table.from(2n ** 112n)], []);
      assert.equal(table.size, 1);
    });
  });
}

describe('pool.makeIntervals', () => {
  it('keeps up to 2^24 offsets in pages, more sorted', () => {
    const bounds = { offset: BigInt, last: BigInt };
    assert.ok(makeIntervals(0n, 2n ** 24n, bounds) instanceof PagedIntervals);
    assert.ok(makeIntervals(0n, 2n ** 24n + 1n, bounds) instanceof SortedIntervals);
  });
});

/** 1,100 values with gaps between: three chunks or more, and five pages. */
function filled<T extends Intervals<Interval>>(table: T, low: bigint, order: Fill): [T, NaiveTable] {
  const model = new NaiveTable();
  const count = order === 'empty' ? 0 : 1100;
  for (let index = 0; index < count; index++) {
    const nth = order === 'ascending' ? index : order === 'descending' ? count - 1 - index : (index * 7919) % count;
    const offset = low + BigInt(nth * 4);
    const value = { offset, last: offset + BigInt(nth % 3) };
    table.set(value);
    model.all[nth] = value;
  }
  return [table, model];
}

function run(table: Intervals<Interval>, model: NaiveTable, low: bigint, { op, at, length }: Step): void {
  const offset = low + BigInt(at);
  const value = { offset, last: low + BigInt(Math.min(at + length, SIZE) - 1) };
  if (op === 'set' && model.fits(value)) {
    table.set(value);
    model.set(value);
  } else if (op === 'delete') {
    const held = model.get(offset) ?? value;
    table.delete(held);
    model.delete(held);
  } else if (op === 'deleteAll') {
    const isIn = (held: Interval): boolean => held.offset >= offset && held.last <= value.last;
    for (const held of model.all.filter(isIn)) table.delete(held);
    model.all = model.all.filter((held) => !isIn(held));
  }
  for (const near of [offset - 1n, offset, value.last, value.last + 1n]) look(table, model, near);
}

function look(table: Intervals<Interval>, model: NaiveTable, offset: bigint): void {
  assert.equal(table.get(offset), model.get(offset));
  const next = model.all.find((held) => held.last >= offset);
  assert.equal(table.next(offset), next);
  assert.equal(table.from(offset).next().value, next);
}
