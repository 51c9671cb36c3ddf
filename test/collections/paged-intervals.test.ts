import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PagedIntervals } from '../../src/collections/paged-intervals.ts';
import { NumberedIntervals } from './numbered-intervals.ts';

const pagesOf = (low: bigint, size: bigint) => new NumberedIntervals((bounds) => new PagedIntervals(low, size, bounds));

describe('pool.Pages', () => {
  it('yields a value of many pages once, wherever one begins to look', () => {
    const pages = pagesOf(-10n, 2n ** 16n);
    const long = { offset: 1000n, last: 40_000n };
    const after = { offset: 40_001n, last: 40_001n };
    pages.set(long);
    pages.set(after);
    assert.deepEqual([...pages.from(-10n)], [long, after]);
    for (const start of [-10n, 1000n, 1014n, 39_999n, 40_000n]) assert.deepEqual([...pages.from(start)], [long, after]);
    assert.deepEqual([...pages.from(40_001n)], [after]);
  });

  it('leaves nothing behind of a value that a shorter one replaces', () => {
    const pages = pagesOf(0n, 10_000n);
    const short = { offset: 5n, last: 5n };
    pages.set({ offset: 5n, last: 9000n });
    pages.set(short);
    assert.equal(pages.size, 1);
    assert.equal(pages.get(6n), undefined);
    assert.equal(pages.next(6n), undefined);
    assert.deepEqual([...pages.from(-10n)], [short]);
  });

  it('reaches both ends of 2^24 offsets, and what is alone in them', () => {
    const low = -(2n ** 23n);
    const pages = pagesOf(low, 2n ** 24n);
    const first = { offset: low, last: low };
    const last = { offset: -low - 1n, last: -low - 1n };
    pages.set(first);
    pages.set(last);
    assert.deepEqual([...pages.from(low)], [first, last]);
    pages.delete(first);
    assert.equal(pages.next(low), last);
  });
});
