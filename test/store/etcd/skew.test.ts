import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { skewOf } from '../../../src/store/etcd/skew.ts';

const DAY = 86_400_000;
const NOON = Date.parse('2026-07-01T12:00:00Z');

describe('etcd.skewOf', () => {
  it('is nothing while clocks agree, to the time that it takes to tell', () => {
    assert.equal(skewOf(NOON, [NOON - 5_000, NOON + 14_000, NOON - 14_000]), 0);
  });

  it('puts right the one that is wrong, and leaves the others', () => {
    assert.equal(skewOf(NOON + DAY, [NOON, NOON]), -DAY);
    assert.equal(skewOf(NOON - DAY, [NOON, NOON]), DAY);
    assert.equal(skewOf(NOON, [NOON, NOON + DAY]), 0);
    assert.equal(skewOf(NOON, [NOON, NOON + DAY, NOON - DAY, NOON + 100]), 0);
  });

  it('believes itself when there are too few to say who is wrong', () => {
    assert.equal(skewOf(NOON, []), 0);
    assert.equal(skewOf(NOON, [NOON + DAY]), 0);
    assert.equal(skewOf(NOON, [NOON, NOON + DAY, NOON + DAY]), 0);
  });
});
