import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Allocation } from '../../src/pool/allocation.ts';
import { LeaseExpiry } from '../../src/pool/lease-expiry.ts';

/** Leases of what stands, by offset. */
class Standing {
  readonly byOffset = new Map<bigint, Allocation>();
  /** How many deadlines were looked at. */
  looked = 0;
  readonly leases = new LeaseExpiry(
    (offset) => ++this.looked && this.byOffset.get(offset)?.attributes.expires_at,
    (offset) => this.byOffset.get(offset),
  );

  put(allocation: Allocation): void {
    const { offset, attributes } = allocation;
    const before = this.byOffset.get(offset)?.attributes.expires_at;
    this.byOffset.set(offset, allocation);
    this.leases.change(offset, before, attributes.expires_at);
  }

  end(offset: bigint): void {
    const before = this.byOffset.get(offset)?.attributes.expires_at;
    this.byOffset.delete(offset);
    this.leases.change(offset, before, undefined);
  }
}

const lease = (offset: number, expires_at?: number) =>
  new Allocation({ vm_id: `vm${offset}`, nic: '' }, BigInt(offset), BigInt(offset), 1, {
    ...(expires_at === undefined ? {} : { expires_at }),
  });

const step: fc.Arbitrary<{ op: 'put' | 'end' | 'due'; offset: number; at: number | null }> = fc.oneof(
  fc.record({ op: fc.constant('put' as const), offset: fc.nat(30), at: fc.option(fc.integer({ min: 1, max: 50 })) }),
  fc.record({ op: fc.constant('end' as const), offset: fc.nat(30), at: fc.constant(null) }),
  fc.record({ op: fc.constant('due' as const), offset: fc.nat(4), at: fc.integer({ min: 1, max: 50 }) }),
);

describe('pool.Leases', () => {
  it('knows which of those that stand have ended', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
        const standing = new Standing();
        const { leases, byOffset } = standing;
        for (const { op, offset, at } of steps) {
          if (op === 'due') {
            assertDue(leases, [...byOffset.values()], at ?? 0, offset);
          } else if (op === 'put') {
            standing.put(lease(offset, at ?? undefined));
          } else {
            standing.end(BigInt(offset));
          }
          const ends = [...byOffset.values()].flatMap(({ attributes }) => attributes.expires_at ?? []);
          assert.equal(leases.next, ends.length === 0 ? undefined : Math.min(...ends));
        }
      }),
      { numRuns: 200, seed },
    );
  });

  it('does not remember the deadlines of 100,000 renewals', () => {
    const standing = new Standing();
    for (let at = 1; at <= 100_000; at++) standing.put(lease(0, at));
    standing.looked = 0;
    assert.equal(standing.leases.next, 100_000);
    assert.ok(standing.looked < 2000, `${standing.looked} deadlines were left`);
  });

  it('does not remember the deadlines of 100,000 that were released', () => {
    const standing = new Standing();
    for (let at = 0; at < 100_000; at++) standing.put(lease(at, at + 1));
    for (let at = 0; at < 100_000; at++) standing.end(BigInt(at));
    standing.looked = 0;
    assert.equal(standing.leases.next, undefined);
    assert.ok(standing.looked < 2000, `${standing.looked} deadlines were left`);
  });

  it('keeps one deadline of 100,000 changes that leave the end as it is', () => {
    const standing = new Standing();
    for (let turn = 0; turn < 100_000; turn++) standing.put(lease(0, 5));
    standing.end(0n);
    standing.looked = 0;
    assert.equal(standing.leases.next, undefined);
    assert.equal(standing.looked, 1);
  });

  it('counts what was given again with the same end once, and looks through it seldom', () => {
    const standing = new Standing();
    for (let turn = 0; turn < 12_000; turn++) {
      standing.end(BigInt(turn % 2000));
      standing.put(lease(turn % 2000, 5));
    }
    assert.ok(standing.looked < 100_000, `${standing.looked} deadlines were looked at`);
    assert.equal(standing.leases.due(5, 10_000).length, 2000);
  });
});

/** Asked twice, because they stand until their release is durable. */
function assertDue(leases: LeaseExpiry, standing: readonly Allocation[], now: number, limit: number): void {
  const ended = standing.flatMap(({ attributes }) => attributes.expires_at ?? []).filter((at) => at <= now);
  const expected = ended.sort((a, b) => a - b).slice(0, limit);
  for (let time = 0; time < 2; time++) {
    const due = leases.due(now, limit);
    assert.deepEqual(
      due.map(({ attributes }) => attributes.expires_at),
      expected,
    );
    assert.equal(new Set(due).size, due.length);
    for (const allocation of due) assert.ok(standing.includes(allocation));
  }
}
