import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { DeadlineHeap } from '../../src/collections/deadline-heap.ts';

const time = fc.oneof(fc.integer({ min: 0, max: 20 }), fc.integer({ min: 1_700_000_000_000, max: 1_900_000_000_000 }));
const step = fc.tuple(fc.constantFrom('add', 'add', 'add', 'pop', 'compact'), time);

describe('pool.Deadlines', () => {
  it('does what a sorted array does', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const heap = new DeadlineHeap<string>();
        let model: { at: number; value: string }[] = [];
        for (const [turn, [op, at]] of steps.entries()) {
          if (op === 'add') {
            heap.add(at, `${at} in ${turn}`);
            model.push({ at, value: `${at} in ${turn}` });
          } else if (op === 'pop') {
            const popped = heap.pop();
            assert.equal(popped?.at, earliest(model));
            assert.equal(model.some(({ value }) => value === popped?.value) || model.length === 0, true);
            model = model.filter(({ value }) => value !== popped?.value);
          } else {
            const keep = (due: number, value: string): boolean => due % 3 !== 0 && value.length % 5 !== 0;
            heap.compact(keep);
            model = model.filter((each) => keep(each.at, each.value));
          }
          assert.equal(heap.size, model.length);
          assert.equal(heap.peek()?.at, earliest(model));
        }
        const drained: { at: number; value: string }[] = [];
        for (let next = heap.pop(); next; next = heap.pop()) drained.push(next);
        assert.deepEqual(
          drained.map(({ at }) => at),
          model.map(({ at }) => at).sort((a, b) => a - b),
        );
        assert.deepEqual(new Set(drained.map(({ value }) => value)), new Set(model.map(({ value }) => value)));
      }),
      { numRuns: 100, seed, interruptAfterTimeLimit: 10_000 },
    );
  });

  it('holds the same value more than once', () => {
    const heap = new DeadlineHeap<undefined>();
    heap.add(2, undefined);
    heap.add(1, undefined);
    heap.add(2, undefined);
    assert.deepEqual(
      [heap.pop(), heap.pop(), heap.pop(), heap.pop()].map((next) => next?.at),
      [1, 2, 2, undefined],
    );
    assert.equal(heap.size, 0);
  });
});

function earliest(deadlines: readonly { at: number }[]): number | undefined {
  return deadlines.length === 0 ? undefined : Math.min(...deadlines.map(({ at }) => at));
}
