import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatRange, normalizeRanges, parseRange, type Range } from '../../src/net/range.ts';

const range = (max: number): fc.Arbitrary<Range> =>
  fc
    .tuple(fc.integer({ min: 0, max }), fc.integer({ min: 0, max }))
    .map(([a, b]) => ({ first: Math.min(a, b), last: Math.max(a, b) }));

describe('net.parseRange', () => {
  const table: readonly [string, string][] = [
    ['10.0.0.9', '10.0.0.9'],
    ['10.0.0.9-10.0.0.9', '10.0.0.9'],
    ['10.0.0.9-10.0.0.20', '10.0.0.9-10.0.0.20'],
    ['10.0.0.9 - 10.0.0.20', '10.0.0.9-10.0.0.20'],
    ['127.255.255.255-128.0.0.1', '127.255.255.255-128.0.0.1'],
    ['10.0.0.0/28', '10.0.0.0-10.0.0.15'],
    ['10.0.0.7/32', '10.0.0.7'],
    ['0.0.0.0/0', '0.0.0.0-255.255.255.255'],
  ];
  for (const [text, expected] of table) {
    it(`reads ${text}`, () => assert.equal(formatRange(parseRange(text)!), expected));
  }

  const refused = [
    '',
    '-',
    'none',
    '10.0.0.9-',
    '-10.0.0.9',
    '10.0.0.20-10.0.0.9', // backwards: a typing error, not an empty range
    '10.0.0.1-10.0.0.2-10.0.0.3',
    '10.0.0.1-20',
    '10.0.0.01',
    '10.0.0.1/28', // host bits: which one was meant?
    '10.0.0.0/33',
    '10.0.0.0/28-10.0.0.40',
    '10.0.0.1,10.0.0.2',
  ];
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseRange(text), undefined));

  it('reads what formatRange writes', () => {
    fc.assert(fc.property(range(0xffffffff), (value) => assert.deepEqual(parseRange(formatRange(value)), value)));
  });
});

describe('net.normalizeRanges', () => {
  const table: readonly [string, string, string][] = [
    ['sorts', '10.0.0.9,10.0.0.1', '10.0.0.1,10.0.0.9'],
    ['joins neighbours', '10.0.0.1,10.0.0.2', '10.0.0.1-10.0.0.2'],
    ['joins overlaps', '10.0.0.1-10.0.0.5,10.0.0.3-10.0.0.9', '10.0.0.1-10.0.0.9'],
    ['swallows what lies within', '10.0.0.0-10.0.0.9,10.0.0.3', '10.0.0.0-10.0.0.9'],
    ['leaves a gap of one', '10.0.0.1,10.0.0.3', '10.0.0.1,10.0.0.3'],
    ['joins across the sign bit', '127.255.255.255,128.0.0.0', '127.255.255.255-128.0.0.0'],
    ['says each once', '10.0.0.1,10.0.0.1', '10.0.0.1'],
  ];
  for (const [what, given, expected] of table) {
    it(what, () => {
      const ranges = given.split(',').map((text) => parseRange(text)!);
      assert.equal(normalizeRanges(ranges).map(formatRange).join(), expected);
    });
  }

  it('means the same addresses in the fewest ranges, and leaves its argument alone', () => {
    fc.assert(
      fc.property(fc.array(range(60), { maxLength: 12 }), (ranges) => {
        const before = structuredClone(ranges);
        const joined = normalizeRanges(ranges);
        assert.deepEqual(ranges, before);
        assert.deepEqual(members(joined), members(ranges));
        for (let i = 1; i < joined.length; i++) assert.ok(joined[i]!.first > joined[i - 1]!.last + 1);
        assert.deepEqual(normalizeRanges(joined), joined);
      }),
      { numRuns: 2000 },
    );
  });
});

function members(ranges: readonly Range[]): number[] {
  const all = new Set<number>();
  for (const { first, last } of ranges) for (let at = first; at <= last; at++) all.add(at);
  return [...all].sort((a, b) => a - b);
}
