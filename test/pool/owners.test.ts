import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { KeyedHash } from '../../src/pool/keyed-hash.ts';
import { Owners } from '../../src/pool/owners.ts';

interface Value {
  readonly key: string;
  readonly turn: number;
}

const keyOf = ({ key }: Value): string => key;

describe('pool.Owners', () => {
  for (const seed of [0, 12_345]) {
    it(`does what a Map does, seed ${seed}`, (t) => {
      const random = Date.now() % 2 ** 31;
      t.diagnostic(`seed ${random}`);
      // Keys of one shard and one home slot come up all the time, so that probes run into each other and around the end.
      const keys = fc.oneof(fc.constantFrom(...crowd(seed)), fc.string({ maxLength: 3 }));
      const step = fc.tuple(fc.constantFrom('set', 'set', 'delete', 'get'), keys);
      fc.assert(
        fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
          const owners = new Owners<Value>(keyOf, seed);
          const model = new Map<string, Value>();
          for (const [turn, [op, key]] of steps.entries()) {
            const value = { key, turn };
            if (op === 'set') {
              owners.set(value);
              model.set(key, value);
            } else if (op === 'delete') {
              owners.delete(key);
              model.delete(key);
            }
            assert.equal(owners.get(key), model.get(key));
            assert.equal(owners.size, model.size);
          }
          for (const [key, value] of model) assert.equal(owners.get(key), value);
          assert.deepEqual(byKey(owners.values()), byKey([...model.values()]));
        }),
        { numRuns: 100, seed: random, interruptAfterTimeLimit: 10_000 },
      );
    });
  }

  it('grows to 50,000 and shrinks to none, and loses nobody on the way', () => {
    const owners = new Owners<Value>(keyOf, 99);
    const name = (index: number): string => `vm-${String(index).padStart(6, '0')}`;
    for (let index = 0; index < 50_000; index++) owners.set({ key: name(index), turn: index });
    assert.equal(owners.size, 50_000);
    for (let index = 0; index < 50_000; index++) assert.equal(owners.get(name(index))?.turn, index);
    assert.equal(owners.get(name(50_000)), undefined);
    for (let index = 0; index < 50_000; index++) {
      owners.delete(name((index * 7919) % 50_000));
      const later = (index * 7919 + 7919) % 50_000;
      if (index < 49_999) assert.equal(owners.get(name(later))?.turn, later);
    }
    assert.equal(owners.size, 0);
    assert.deepEqual(owners.values(), []);
  });
});

/** Forty keys of one shard, whose homes are at the end of its table. */
function crowd(seed: number): string[] {
  const hash = new KeyedHash(seed);
  const keys: string[] = [];
  for (let index = 0; keys.length < 40; index++) {
    const value = hash.of(`k${index}`);
    if (value % 64 === 5 && value >= 2 ** 32 * 0.9) keys.push(`k${index}`);
  }
  return keys;
}

function byKey(values: readonly Value[]): Value[] {
  return values.toSorted((a, b) => (a.key < b.key ? -1 : 1));
}
