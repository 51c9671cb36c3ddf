import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeyedHash } from '../../src/collections/keyed-hash.ts';
import { HashIndex } from '../../src/collections/hash-index.ts';

describe('pool.TextIndex', () => {
  for (const seed of [0, 12_345]) {
    it(`does what a list of pairs does, seed ${seed}`, (t) => {
      const random = Date.now() % 2 ** 31;
      t.diagnostic(`seed ${random}`);
      // Texts of one shard and one home slot come up all the time, so that probes run into each other and around the end.
      const texts = fc.oneof(fc.constantFrom(...crowd(seed)), fc.string({ maxLength: 3 }));
      const step = fc.tuple(fc.constantFrom('add', 'add', 'delete', 'look'), texts, fc.nat());
      fc.assert(
        fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
          const model = new Map<number, string>();
          const index = new HashIndex((number, text) => model.get(number) === text, seed);
          const having = (wanted: string) => [...model].flatMap(([number, text]) => (text === wanted ? [number] : []));
          for (const [turn, [op, text, nth]] of steps.entries()) {
            const numbers = having(text);
            if (op === 'add') {
              model.set(turn + 1, text);
              index.add(text, turn + 1);
            } else if (op === 'delete') {
              const number = numbers[nth % (numbers.length + 1)] ?? 2 ** 32 - 1; // one that is not there, too
              index.delete(text, number);
              model.delete(number);
            }
            assert.deepEqual(inOrder(index.all(text)), having(text));
            assert.equal(index.get(text) !== undefined, having(text).length > 0);
            assert.equal(index.size, model.size);
          }
          for (const text of new Set(model.values())) assert.deepEqual(inOrder(index.all(text)), having(text));
        }),
        { numRuns: 100, seed: random, interruptAfterTimeLimit: 10_000 },
      );
    });
  }

  it('grows to 50,000 and shrinks to none, and loses nobody on the way', () => {
    const name = (number: number): string => `vm-${String(number).padStart(6, '0')}`;
    const index = new HashIndex((number, text) => name(number) === text, 99);
    for (let number = 1; number <= 50_000; number++) index.add(name(number), number);
    assert.equal(index.size, 50_000);
    for (let number = 1; number <= 50_000; number++) assert.equal(index.get(name(number)), number);
    assert.equal(index.get(name(50_001)), undefined);
    for (let turn = 0; turn < 50_000; turn++) {
      const number = ((turn * 7919) % 50_000) + 1;
      index.delete(name(number), number);
      const later = ((turn * 7919 + 7919) % 50_000) + 1;
      if (turn < 49_999) assert.equal(index.get(name(later)), later);
    }
    assert.equal(index.size, 0);
  });
});

describe('pool.TextIndex of large numbers', () => {
  it('holds numbers up to 2^32 - 1', () => {
    const numbers = [1, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
    const index = new HashIndex((number, text) => String(number) === text, 1);
    for (const number of numbers) index.add(String(number), number);
    for (const number of numbers) assert.equal(index.get(String(number)), number);
    for (const number of numbers) index.delete(String(number), number);
    assert.equal(index.size, 0);
  });
});

/** Forty texts of one shard, whose homes are at the end of its table. */
function crowd(seed: number): string[] {
  const hash = new KeyedHash(seed);
  const keys: string[] = [];
  for (let index = 0; keys.length < 40; index++) {
    const value = hash.of(`k${index}`);
    if (value % 64 === 5 && value >= 2 ** 32 * 0.9) keys.push(`k${index}`);
  }
  return keys;
}

function inOrder(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}
