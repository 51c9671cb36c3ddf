import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { KeyedHash } from '../../src/collections/keyed-hash.ts';

const KEYS = Array.from({ length: 65_536 }, (_, index) => `vm-${String(index).padStart(6, '0')}`);

describe('pool.KeyedHash', () => {
  for (const seed of [0, 1, 2 ** 32, 2 ** 53 - 1]) {
    it(`spreads keys that differ in a digit, by its low and its high bits, seed ${seed}`, () => {
      const hash = new KeyedHash(seed);
      const hashes = KEYS.map((key) => hash.of(key));
      for (const bucket of [(value: number) => value & 255, (value: number) => value >>> 24]) {
        const counts = new Array<number>(256).fill(0);
        for (const value of hashes) counts[bucket(value)]!++;
        // 256 ± 16 are expected in each; six times that deviation hits once in a billion tries.
        for (const count of counts) assert.ok(Math.abs(count - 256) < 100, `${count} in a bucket`);
      }
      assert.ok(new Set(hashes).size > 65_520); // half a collision is expected
      assert.ok(hashes.every((value) => Number.isInteger(value) && value > 0 && value < 2 ** 32));
    });
  }

  it('is HalfSipHash-1-3', () => {
    // From a second implementation, in Python, after the paper.
    assert.equal(new KeyedHash(0).of(''), 3058745107);
    assert.equal(new KeyedHash(1).of('vm-000123'), 2140393548);
    assert.equal(new KeyedHash(2 ** 53 - 1).of('vm-000124'), 3540391826);
    assert.equal(new KeyedHash(123_456_789_012_345).of('ä-server'), 2563900458);
  });

  it('changes half of the bits with each bit of the seed', () => {
    for (let bit = 0; bit < 53; bit++) {
      const one = new KeyedHash(0);
      const other = new KeyedHash(2 ** bit);
      let changed = 0;
      for (const key of KEYS.slice(0, 256)) changed += bits(one.of(key) ^ other.of(key));
      assert.ok(Math.abs(changed / 256 - 16) < 2, `bit ${bit}: ${changed / 256}`);
    }
  });

  it('tells lengths and characters beyond one byte apart', () => {
    const hash = new KeyedHash(7);
    const keys = ['', '\0', '\0\0', '\0\0\0', 'a', 'a\0', 'ab', 'ba', 'abc', 'ä', 'Ĥ', 'H', 'x'.repeat(300)];
    assert.equal(new Set(keys.map((key) => hash.of(key))).size, keys.length);
  });
});

function bits(word: number): number {
  return (word >>> 0).toString(2).replaceAll('0', '').length;
}
