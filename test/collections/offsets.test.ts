import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DenseOffsets } from '../../src/collections/dense-offsets.ts';
import { makeOffsets } from '../../src/collections/make-offsets.ts';
import type { Offsets } from '../../src/collections/offsets.ts';
import { SparseOffsets } from '../../src/collections/sparse-offsets.ts';

const SIZE = 3000;

const kinds: Record<string, (low: bigint, size: bigint) => Offsets> = {
  DenseOffsets: (low, size) => new DenseOffsets(low, size),
  Runs: (low, size) => new SparseOffsets(low, size),
};

/** A network that grew downwards, one that did not, and one whose offsets are no exact numbers. */
const lows = [-1000n, 0n, 2n ** 70n];

interface Step {
  readonly op: 'add' | 'delete';
  readonly first: number;
  readonly last: number;
}

// Most of them short, so that there are many runs; some as long as everything, some empty, some out of bounds.
const step: fc.Arbitrary<Step> = fc
  .tuple(
    fc.constantFrom<'add' | 'delete'>('add', 'delete'),
    fc.integer({ min: -40, max: SIZE + 40 }),
    fc.oneof(
      { weight: 6, arbitrary: fc.integer({ min: -1, max: 5 }) },
      { weight: 2, arbitrary: fc.integer({ min: 0, max: 200 }) },
      { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * SIZE }) },
    ),
  )
  .map(([op, first, length]) => ({ op, first, last: first + length }));

for (const [name, make] of Object.entries(kinds)) {
  describe(`pool.offsets: ${name}`, () => {
    for (const low of lows) {
      it(`does what an array of booleans does, from ${String(low)}`, (t) => {
        const seed = Date.now() % 2 ** 31;
        t.diagnostic(`seed ${seed}`);
        fc.assert(
          fc.property(fc.array(step, { maxLength: 120 }), fc.boolean(), (steps, combed) => {
            const set = make(low, BigInt(SIZE));
            const model = new Array<boolean>(SIZE).fill(false);
            // Every third offset: 1,000 runs, which no longer fit one chunk.
            for (let at = 0; combed && at < SIZE; at += 3) put(set, low, model, { op: 'add', first: at, last: at });
            for (const each of steps) {
              put(set, low, model, each);
              for (const at of [each.first - 1, each.first, each.last, each.last + 1]) compare(set, low, model, at);
              compareRuns(set, low, model, each.first);
            }
            for (let at = -3; at < SIZE + 3; at += 97) compareRuns(set, low, model, at);
            for (let at = -3; at < SIZE + 3; at += 2) compare(set, low, model, at);
            assert.equal(set.count, BigInt(model.filter(Boolean).length));
          }),
          { numRuns: 30, seed, interruptAfterTimeLimit: 10_000 },
        );
      });
    }

    it('is outside its space neither full nor anything but a gap', () => {
      const set = make(-5n, 10n);
      set.add(-(2n ** 112n), 2n ** 112n);
      assert.equal(set.count, 10n);
      assert.equal(set.has(-6n), false);
      assert.equal(set.has(5n), false);
      assert.equal(set.next(-(2n ** 112n)), -5n);
      assert.equal(set.next(5n), undefined);
      assert.equal(set.gap(-5n), 5n);
      assert.equal(set.gap(-(2n ** 112n)), -(2n ** 112n));
      assert.equal(set.gap(2n ** 112n), 2n ** 112n);
      set.delete(-(2n ** 112n), 2n ** 112n);
      assert.equal(set.count, 0n);
    });
  });
}

describe('pool.makeOffsets', () => {
  it('keeps up to 2^24 offsets as bits, more as runs', () => {
    assert.ok(makeOffsets(0n, 2n ** 24n) instanceof DenseOffsets);
    assert.ok(makeOffsets(0n, 2n ** 24n + 1n) instanceof SparseOffsets);
  });
});

function put(set: Offsets, low: bigint, model: boolean[], { op, first, last }: Step): void {
  set[op](low + BigInt(first), low + BigInt(last));
  if (first <= last) model.fill(op === 'add', Math.max(first, 0), Math.max(last + 1, 0));
}

function compare(set: Offsets, low: bigint, model: readonly boolean[], at: number): void {
  const offset = low + BigInt(at);
  assert.equal(set.has(offset), model[at] ?? false);
  const next = model.indexOf(true, Math.max(at, 0));
  assert.equal(set.next(offset), next === -1 ? undefined : low + BigInt(next));
  let gap = at;
  while (model[gap]) gap++;
  assert.equal(set.gap(offset), low + BigInt(gap));
  for (const more of [1, 40])
    assert.equal(set.gap(offset, offset + BigInt(more)), low + BigInt(Math.min(gap, at + more)));
}

/** Runs of a few, of a word, of two words and a little, and of none. */
const COUNTS = [1, 2, 3, 5, 31, 32, 33, 64, 65, 100, SIZE + 1];

function compareRuns(set: Offsets, low: bigint, model: readonly boolean[], from: number): void {
  const found = new Map<number, number>();
  for (let at = model.length - 1, length = 0; at >= Math.max(from, 0); at--) {
    length = model[at] ? length + 1 : 0;
    for (const count of COUNTS) if (length >= count) found.set(count, at);
  }
  for (const count of COUNTS) {
    const first = found.get(count);
    const expected = first === undefined ? undefined : low + BigInt(first);
    assert.equal(set.nextRun(low + BigInt(from), BigInt(count)), expected, `${count} from ${from}`);
  }
}
