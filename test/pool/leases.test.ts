import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Allocation } from '../../src/pool/allocation.ts';
import { Leases } from '../../src/pool/leases.ts';

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
        const standing = new Map<bigint, Allocation>();
        const leases = new Leases((allocation) => standing.get(allocation.offset) === allocation);
        for (const { op, offset, at } of steps) {
          const before = standing.get(BigInt(offset));
          if (op === 'due') {
            assertDue(leases, [...standing.values()], at ?? 0, offset);
          } else {
            if (before) leases.delete(before);
            standing.delete(BigInt(offset));
            if (op === 'put') {
              const allocation = lease(offset, at ?? undefined);
              standing.set(BigInt(offset), allocation);
              leases.add(allocation);
            }
          }
          const ends = [...standing.values()].flatMap(({ attributes }) => attributes.expires_at ?? []);
          assert.equal(leases.next, ends.length === 0 ? undefined : Math.min(...ends));
        }
      }),
      { numRuns: 200, seed },
    );
  });

  it('does not remember the deadlines of 100,000 renewals', () => {
    let current: Allocation | undefined;
    const looked: Allocation[] = [];
    const leases = new Leases((allocation) => {
      looked.push(allocation);
      return allocation === current;
    });
    for (let at = 1; at <= 100_000; at++) {
      if (current) leases.delete(current);
      current = lease(0, at);
      leases.add(current);
    }
    looked.length = 0;
    assert.equal(leases.next, 100_000);
    assert.ok(looked.length < 2000, `${looked.length} deadlines were left`);
  });

  it('does not remember the deadlines of 100,000 that were released', () => {
    const standing = new Set<Allocation>();
    let looked = 0;
    const leases = new Leases((allocation) => ++looked > 0 && standing.has(allocation));
    const all = Array.from({ length: 100_000 }, (_, at) => lease(at, at + 1));
    for (const one of all) {
      standing.add(one);
      leases.add(one);
    }
    for (const one of all) {
      leases.delete(one);
      standing.delete(one);
    }
    looked = 0;
    assert.equal(leases.next, undefined);
    assert.ok(looked < 2000, `${looked} deadlines were left`);
  });
});

/** Asked twice, because they stand until their release is durable. */
function assertDue(leases: Leases, standing: readonly Allocation[], now: number, limit: number): void {
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
