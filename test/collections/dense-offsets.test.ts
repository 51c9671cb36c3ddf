import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DenseOffsets } from '../../src/collections/dense-offsets.ts';

describe('pool.DenseOffsets', () => {
  it('fills and empties 2^24 offsets at once, and finds the only gap', () => {
    const low = -(2n ** 23n);
    const set = new DenseOffsets(low, 2n ** 24n);
    set.add(low, -low - 1n);
    assert.equal(set.count, 2n ** 24n);
    assert.equal(set.gap(low), -low);
    set.delete(12_345n, 12_345n);
    assert.equal(set.gap(low), 12_345n);
    assert.equal(set.gap(12_346n), -low);
    set.delete(low, -low - 2n);
    assert.equal(set.count, 1n);
    assert.equal(set.next(low), -low - 1n);
  });
});
