import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Bitset } from '../../src/collections/bitset.ts';

// Around one word (32), one word of the first summary (1024), of the second (32768), and a /8.
const SIZES = [1, 2, 31, 32, 33, 63, 64, 65, 1023, 1024, 1025, 32_767, 32_768, 32_769, 2 ** 24];

type Step =
  | { readonly op: 'add' | 'delete' | 'next' | 'nextAbsent' | 'has'; readonly at: number }
  | { readonly op: 'addRange' | 'deleteRange'; readonly first: number; readonly last: number };

/** The obvious way: a Set, looked through from one end to the other. */
class NaiveSet {
  readonly members = new Set<number>();
  readonly #size: number;

  constructor(size: number) {
    this.#size = size;
  }

  add(offset: number): void {
    if (offset >= 0 && offset < this.#size) this.members.add(offset);
  }

  next(from: number): number | undefined {
    let best: number | undefined;
    for (const member of this.members) if (member >= from && (best === undefined || member < best)) best = member;
    return best;
  }

  nextAbsent(from: number): number {
    let at = from;
    while (this.members.has(at)) at++;
    return at;
  }
}

describe('pool.Bitset', () => {
  for (const size of SIZES) {
    it(`does what a Set does, ${size} offsets`, (t) => {
      const seed = Date.now() % 2 ** 31;
      t.diagnostic(`seed ${seed}`);
      fc.assert(
        fc.property(fc.array(step(size), { maxLength: 60 }), (steps) => {
          const set = new Bitset(size);
          const model = new NaiveSet(size);
          for (const each of steps) {
            run(set, model, each);
            assert.equal(set.count, model.members.size);
          }
          for (const member of model.members) assert.ok(set.has(member));
          assert.deepEqual(
            listed(set),
            [...model.members].sort((a, b) => a - b),
          );
        }),
        { numRuns: size > 2 ** 20 ? 20 : 100, seed, interruptAfterTimeLimit: 20_000 },
      );
    });

    it(`finds the only hole of ${size} offsets, wherever it is`, () => {
      const set = new Bitset(size);
      for (const hole of edges(size)) {
        set.add(hole);
        for (const from of edges(size)) assert.equal(set.next(from), from <= hole ? hole : undefined);
        set.delete(hole);
        assert.equal(set.next(0), undefined);
      }
      assert.equal(set.count, 0);
    });

    it(`loses nothing when full, ${size} offsets`, () => {
      const set = new Bitset(size);
      set.addRange(0, size - 1);
      assert.equal(set.count, size);
      for (const hole of edges(size)) {
        set.delete(hole);
        assert.equal(set.has(hole), false);
        assert.equal(set.next(hole), hole + 1 < size ? hole + 1 : undefined);
        assert.equal(set.nextAbsent(0), hole);
        set.add(hole);
        assert.equal(set.next(hole), hole);
      }
      assert.equal(set.count, size);
      set.addRange(0, size - 1);
      assert.equal(set.count, size);
      assert.equal(set.nextAbsent(0), size);
      set.deleteRange(0, size - 1);
      assert.equal(set.count, 0);
      assert.equal(set.next(0), undefined);
    });
  }

  it('ignores what is out of bounds', () => {
    const set = new Bitset(33);
    for (const offset of [-1, 33, 34, 63, 64, 2 ** 31, 2 ** 32, 2 ** 32 + 1]) {
      set.add(offset);
      set.delete(offset);
      assert.equal(set.has(offset), false);
    }
    assert.equal(set.count, 0);
    assert.equal(set.next(0), undefined);
    set.add(32);
    assert.equal(set.next(-5), 32);
    assert.equal(set.next(33), undefined);
    assert.equal(set.next(2 ** 32), undefined);
  });

  it('passes over words that are empty on every level of a /8', () => {
    const size = 2 ** 24;
    const set = new Bitset(size);
    set.addRange(0, size - 1);
    // 2^15 offsets are one bit of the third level: its word below goes empty, and the one below that, and so on.
    const first = 2 ** 20;
    const last = first + 2 ** 15 - 1;
    set.deleteRange(first, last);
    assert.equal(set.nextAbsent(0), first);
    assert.equal(set.next(first), last + 1);
    assert.equal(set.next(first - 1), first - 1);
    assert.equal(set.count, size - 2 ** 15);
  });
});

function run(set: Bitset, model: NaiveSet, step: Step): void {
  switch (step.op) {
    case 'add':
      set.add(step.at);
      model.add(step.at);
      return;
    case 'delete':
      set.delete(step.at);
      model.members.delete(step.at);
      return;
    case 'has':
      assert.equal(set.has(step.at), model.members.has(step.at));
      return;
    case 'next':
      assert.equal(set.next(step.at), model.next(step.at));
      return;
    case 'nextAbsent':
      assert.equal(set.nextAbsent(step.at), model.nextAbsent(step.at));
      return;
    case 'deleteRange':
      set.deleteRange(step.first, step.last);
      for (let at = step.first; at <= step.last; at++) model.members.delete(at);
      return;
    case 'addRange':
      set.addRange(step.first, step.last);
      for (let at = step.first; at <= step.last; at++) model.add(at);
  }
}

/** Offsets where words of some level begin and end, as far as they are within the size. */
function edges(size: number): number[] {
  const borders = [0, 31, 32, 33, 1023, 1024, 1025, 32_767, 32_768, 32_769, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1];
  return [...new Set([...borders, Math.floor(size / 2), size - 2, size - 1])].filter((at) => at >= 0 && at < size);
}

function step(size: number): fc.Arbitrary<Step> {
  const at = fc.oneof(fc.constantFrom(...edges(size)), fc.integer({ min: 0, max: size - 1 }));
  const outside = fc.oneof(
    { weight: 9, arbitrary: at },
    { weight: 1, arbitrary: fc.integer({ min: -2, max: size + 40 }) },
  );
  return fc.oneof(
    fc.record({ op: fc.constantFrom('add', 'delete', 'next', 'nextAbsent', 'has'), at: outside }),
    fc
      .tuple(fc.constantFrom('addRange', 'deleteRange'), outside, fc.integer({ min: 0, max: 3000 }))
      .map(([op, first, length]) => ({ op, first, last: first + length })),
  );
}

function listed(set: Bitset): number[] {
  const all: number[] = [];
  for (let at = set.next(0); at !== undefined; at = set.next(at + 1)) all.push(at);
  return all;
}
