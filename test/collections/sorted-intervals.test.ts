import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Interval } from '../../src/collections/intervals.ts';
import { ownBounds } from '../../src/collections/own-bounds.ts';
import { SortedIntervals } from '../../src/collections/sorted-intervals.ts';

const offset = fc.bigInt({ min: -(2n ** 112n), max: 2n ** 112n });
const offsets = fc.uniqueArray(offset, { maxLength: 200 });

describe('pool.Sorted', () => {
  it('keeps offsets up to 2^112 in order, negative ones too', () => {
    fc.assert(
      fc.property(offsets, (members) => {
        const table = new SortedIntervals<Interval>(ownBounds());
        for (const member of members) table.set(single(member));
        const sorted = members.toSorted((a, b) => (a < b ? -1 : 1));
        assert.deepEqual(
          table.values().map((value) => value.offset),
          sorted,
        );
        for (const member of members) assert.equal(table.get(member)?.offset, member);
      }),
      { numRuns: 100, interruptAfterTimeLimit: 5000 },
    );
  });

  it('finds what stands in the place of another, whichever end was cut off', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 2999 }), { maxLength: 300 }), (cuts) => {
        const table = new SortedIntervals<Interval>(ownBounds());
        const model = Array.from({ length: 3000 }, (_, at) => ({ offset: BigInt(9 * at), last: BigInt(9 * at + 7) }));
        for (const value of model) table.set(value);
        for (const [turn, at] of cuts.entries()) {
          const before = model[at];
          if (!before || before.offset === before.last) continue;
          const isFront = turn % 2 === 0;
          const after = isFront ? { ...before, offset: before.offset + 1n } : { ...before, last: before.last - 1n };
          table.replace(before, after);
          model[at] = after;
          assert.equal(table.get(after.offset), after);
          assert.equal(table.get(isFront ? before.offset : before.last), undefined);
        }
        assert.deepEqual(table.values(), model);
      }),
      { numRuns: 30, interruptAfterTimeLimit: 5000 },
    );
  });

  it('takes out what overlaps a range, and keeps the rest', () => {
    const index = fc.integer({ min: -1, max: 9001 });
    fc.assert(
      fc.property(fc.array(fc.tuple(index, index), { maxLength: 12 }), (ranges) => {
        const table = new SortedIntervals<Interval>(ownBounds());
        let model: Interval[] = [];
        for (let at = 0; at < 3000; at++) model.push({ offset: BigInt(3 * at), last: BigInt(3 * at + 1) });
        for (const value of model) table.set(value);
        for (const [one, other] of ranges) {
          const first = BigInt(Math.min(one, other));
          // Every other one is short: those that take most are soon left with nothing.
          const last = one % 2 === 0 ? BigInt(Math.max(one, other)) : first + 4n;
          const hit = (value: Interval): boolean => value.last >= first && value.offset <= last;
          assert.deepEqual(table.take(first, last), model.filter(hit));
          model = model.filter((value) => !hit(value));
          assert.deepEqual(table.values(), model);
          assert.equal(table.size, model.length);
          for (const near of [first - 1n, last + 1n]) {
            assert.equal(
              table.next(near),
              model.find((value) => value.last >= near),
            );
          }
        }
      }),
      { numRuns: 60, interruptAfterTimeLimit: 5000 },
    );
  });

  // Wherever a chunk begins: where it began must not be remembered after its first values are gone.
  for (const way of ['delete', 'take'] as const) {
    it(`finds a value that stands where two others went by ${way}`, () => {
      for (const at of [2, 255, 256, 257, 258, 511, 512, 513, 514, 515, 1023, 1024, 1025, 1026, 1027]) {
        const table = new SortedIntervals<Interval>(ownBounds());
        for (let index = 0; index < 1300; index++) if (index !== at - 1) table.set(single(BigInt(index)));
        const offset = BigInt(at);
        if (way === 'take') table.take(offset, offset + 1n);
        else for (const gone of [offset, offset + 1n]) table.delete(single(gone));
        const long = { offset, last: offset + 1n };
        table.set(long);
        assert.equal(table.get(offset), long);
        assert.equal(table.get(offset + 1n), long);
        const before = single(offset - 1n);
        table.set(before);
        assert.equal(table.get(offset - 1n), before);
      }
    });
  }

  it('comes through 20,000 that come in any order and go in another', () => {
    const table = new SortedIntervals<Interval>(ownBounds());
    for (let index = 0; index < 20_000; index++) table.set(single(BigInt((index * 7919) % 20_000)));
    assert.deepEqual(
      table.values().map((value) => value.offset),
      Array.from({ length: 20_000 }, (_, index) => BigInt(index)),
    );
    for (let index = 0; index < 19_999; index++) table.delete(single(BigInt((index * 7907) % 20_000)));
    assert.deepEqual(table.values(), [single(BigInt((19_999 * 7907) % 20_000))]);
    table.delete(single(BigInt((19_999 * 7907) % 20_000)));
    assert.equal(table.size, 0);
    assert.equal(table.next(-1n), undefined);
    table.set(single(7n));
    assert.deepEqual(table.values(), [single(7n)]);
  });
});

function single(offset: bigint): Interval {
  return { offset, last: offset };
}
