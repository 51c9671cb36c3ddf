import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Family } from '../../src/net/address.ts';
import { formatRange, normalizeRanges, parseRange, type Range } from '../../src/net/range.ts';

const range = (family: Family, max: bigint): fc.Arbitrary<Range> =>
  fc
    .tuple(fc.bigInt({ min: 0n, max }), fc.bigInt({ min: 0n, max }))
    .map(([a, b]) => (a < b ? { family, first: a, last: b } : { family, first: b, last: a }));

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
    ['fd00::9', 'fd00::9'],
    ['FD00::9 - fd00::0:20', 'fd00::9-fd00::20'],
    ['fd00::/124', 'fd00::-fd00::f'],
    ['fd00::7/128', 'fd00::7'],
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
    '10.0.0.1-::ffff:10.0.0.2', // two families
    '::-10.0.0.1',
    'fd00::20-fd00::9',
    'fd00::1/64',
  ];
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseRange(text), undefined));

  it('reads what formatRange writes', () => {
    const any = fc.oneof(range(4, 0xffff_ffffn), range(6, 2n ** 128n - 1n));
    fc.assert(fc.property(any, (value) => assert.deepEqual(parseRange(formatRange(value)), value)));
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
    ['joins across 64 bits', 'fd00::ffff:ffff:ffff:ffff,fd00:0:0:1::', 'fd00::ffff:ffff:ffff:ffff-fd00:0:0:1::'],
    ['keeps families apart', '::,0.0.0.1,0.0.0.0,::1', '0.0.0.0-0.0.0.1,::-::1'],
  ];
  for (const [what, given, expected] of table) {
    it(what, () => {
      const ranges = given.split(',').map((text) => parseRange(text)!);
      assert.equal(normalizeRanges(ranges).map(formatRange).join(), expected);
    });
  }

  it('means the same addresses in the fewest ranges, and leaves its argument alone', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(range(4, 60n), range(6, 60n)), { maxLength: 12 }), (ranges) => {
        const before = structuredClone(ranges);
        const joined = normalizeRanges(ranges);
        assert.deepEqual(ranges, before);
        assert.deepEqual(members(joined), members(ranges));
        for (let i = 1; i < joined.length; i++) {
          const [before, after] = [joined[i - 1]!, joined[i]!];
          assert.ok(after.family > before.family || after.first > before.last + 1n);
        }
        assert.deepEqual(normalizeRanges(joined), joined);
      }),
      { numRuns: 2000 },
    );
  });
});

function members(ranges: readonly Range[]): string[] {
  const all = new Set<string>();
  for (const { family, first, last } of ranges) for (let at = first; at <= last; at++) all.add(`${family} ${at}`);
  return [...all].sort();
}
