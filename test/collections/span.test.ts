import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { clipSpans, joinSpans, type Span, spanAt, subtractSpans } from '../../src/collections/span.ts';

const BASES = [0n, -40n, 2n ** 90n];
const LENGTH = 60;

const spans = (base: bigint): fc.Arbitrary<Span[]> =>
  fc.array(
    fc
      .tuple(fc.nat(LENGTH - 1), fc.nat(9))
      .map(([at, more]) => ({ first: base + BigInt(at), last: base + BigInt(Math.min(at + more, LENGTH - 1)) })),
    { maxLength: 9 },
  );

/** The obvious way: every offset by itself. */
function members(list: Iterable<Span>): Set<bigint> {
  const all = new Set<bigint>();
  for (const { first, last } of list) for (let at = first; at <= last; at++) all.add(at);
  return all;
}

function isJoined(list: readonly Span[]): boolean {
  return list.every(({ first, last }, i) => first <= last && (i === 0 || first > list[i - 1]!.last + 1n));
}

for (const base of BASES) {
  describe(`pool: spans, from ${base}`, () => {
    it('joinSpans means the same offsets, sorted and without touching', () => {
      fc.assert(
        fc.property(spans(base), (list) => {
          const before = structuredClone(list);
          const joined = joinSpans(list);
          assert.deepEqual(list, before);
          assert.ok(isJoined(joined));
          assert.deepEqual(members(joined), new Set([...members(list)].sort((a, b) => (a < b ? -1 : 1))));
        }),
        { numRuns: 500 },
      );
    });

    it('subtractSpans leaves what is in the one and not in the other', () => {
      fc.assert(
        fc.property(spans(base), spans(base), (list, without) => {
          const [a, b] = [joinSpans(list), joinSpans(without)];
          const rest = subtractSpans(a, b);
          const gone = members(b);
          assert.ok(isJoined(rest));
          assert.deepEqual(
            [...members(rest)],
            [...members(a)].filter((at) => !gone.has(at)),
          );
        }),
        { numRuns: 500 },
      );
    });

    it('clipSpans and spanAt see what is there', () => {
      const at = fc.nat(LENGTH + 4).map((n) => base + BigInt(n - 2));
      fc.assert(
        fc.property(spans(base), at, at, (list, first, last) => {
          const joined = joinSpans(list);
          const all = [...members(joined)];
          assert.deepEqual(
            [...members(clipSpans(joined, first, last))],
            all.filter((each) => each >= first && each <= last),
          );
          assert.equal(
            spanAt(joined, first),
            joined.find((span) => span.first <= first && first <= span.last),
          );
        }),
        { numRuns: 500 },
      );
    });
  });
}
