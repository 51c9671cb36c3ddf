import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatPosition, parsePosition } from '../../src/store/position.ts';

describe('store.position', () => {
  it('orders as plain text as the numbers do', () => {
    const numbers = [0, 1, 9, 10, 99, 100, 12_345, 2 ** 32, 10 ** 15 - 1, 10 ** 15, Number.MAX_SAFE_INTEGER];
    const positions = numbers.map(formatPosition);
    assert.deepEqual(positions, [...positions].sort());
    assert.deepEqual(positions.map(parsePosition), numbers);
  });

  it('refuses any other text', () => {
    for (const text of ['', '1', '-000000000000001', '00000000000000001', '000000000000000x', '9'.repeat(16)])
      assert.equal(parsePosition(text), undefined, text);
  });
});
