import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Allocation } from '../../src/pool/allocation.ts';
import { AllocationTable } from '../../src/pool/allocation-table.ts';
import { AllocationRecords } from '../../src/pool/allocation-records.ts';

const SPACES = { pages: { first: -64n, last: 1023n }, sorted: { first: -64n, last: 2n ** 64n } };
const MACS = ['02:00:00:00:00:01', '02:00:00:00:00:02'];

const step = fc.record({
  op: fc.constantFrom('put', 'put', 'change', 'delete', 'freeze', 'read', 'move'),
  at: fc.integer({ min: -64, max: 80 }),
  length: fc.constantFrom(1, 1, 1, 2, 9),
  owner: fc.nat(30),
  expires_at: fc.option(fc.nat(5), { nil: undefined }),
  mac: fc.constantFrom(undefined, ...MACS),
});

interface Reading {
  readonly expected: Allocation[];
  readonly rest: Iterator<Allocation>;
}

for (const [kind, space] of Object.entries(SPACES)) {
  describe(`pool.Allocations in ${kind}`, () => {
    it('do what a list does, and show a moment to those who asked for it then', (t) => {
      const seed = Date.now() % 2 ** 31;
      t.diagnostic(`seed ${seed}`);
      fc.assert(
        fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
          const records = new AllocationRecords();
          const table = new AllocationTable(records, space, 3);
          const model = new Map<bigint, Allocation>();
          const readings: Reading[] = [];
          for (const [turn, { op, at, length, owner, expires_at, mac }] of steps.entries()) {
            const offset = BigInt(at);
            const last = offset + BigInt(length - 1);
            const held = model.get(offset);
            const facts = {
              ...(expires_at === undefined ? {} : { expires_at }),
              ...(mac === undefined ? {} : { mac }),
            };
            if (op === 'freeze') {
              readings.push({ expected: inOrder(model), rest: table.snapshotView()[Symbol.iterator]() });
            } else if (op === 'read') {
              for (const reading of readings) for (let steps = at & 7; steps > 0; steps--) assertNext(reading);
            } else if (op === 'move') {
              table.move({ first: space.first, last: space.last + BigInt(turn) });
            } else if (op === 'delete' && held) {
              model.delete(offset);
              table.delete(held);
            } else if (op === 'change' && held) {
              model.set(offset, held.with(facts));
              table.put(held.with(facts));
            } else if (op === 'put') {
              const vm_id = `vm${owner}`;
              const isOverlapping = ({ offset: first, last: end }: Allocation) => first <= last && end >= offset;
              if ([...model.values()].some((other) => other.vm_id === vm_id || isOverlapping(other))) continue;
              const allocation = new Allocation({ vm_id, nic: '' }, offset, last, turn, facts);
              model.set(offset, allocation);
              assert.equal(table.put(allocation), true);
            }
          }
          assertSame(table, model);
          for (const reading of readings) while (reading.expected.length > 0) assertNext(reading);
          for (const { rest } of readings) assert.equal(rest.next().done, true);
        }),
        { numRuns: 150, seed, interruptAfterTimeLimit: 20_000 },
      );
    });

    it('forget a moment that is read to its end, or by nobody any more', () => {
      const table = new AllocationTable(new AllocationRecords(), space, 3);
      const put = (at: number) =>
        table.put(new Allocation({ vm_id: `vm${at}`, nic: '' }, BigInt(at), BigInt(at), 1, {}));
      for (let at = 0; at < 10; at++) put(at);
      const frozen = table.snapshotView();
      assert.equal([...frozen].length, 10);
      put(10);
      assert.deepEqual([...frozen], [], 'gone through once');
    });
  });
}

describe('pool.Records of many networks', () => {
  it('are free for others when allocations go', () => {
    const records = new AllocationRecords();
    const tables = Array.from({ length: 3 }, () => new AllocationTable(records, SPACES.sorted, 3));
    const give = (table: AllocationTable, at: number) =>
      table.put(new Allocation({ vm_id: `vm-${at}`, nic: '' }, BigInt(at), BigInt(at), 1, { hostname: 'host' }));
    let most = 0;
    for (let turn = 0; turn < 9; turn++) {
      const table = tables[turn % 3]!;
      for (let at = 0; at < 10_000; at++) give(table, at);
      most = Math.max(most, turn < 3 ? 0 : records.size, turn === 0 ? records.size : 0);
      for (const allocation of [...table.from(0n)]) table.delete(allocation);
      assert.equal(table.count, 0);
      assert.equal(table.addresses, 0n);
    }
    assert.ok(most <= 10_000 * 40 + 2 * 64 * 1024, `${most} bytes`);
  });
});

function assertNext({ expected, rest }: Reading): void {
  const next = expected.shift();
  if (next) assert.deepEqual(rest.next().value, next);
}

function assertSame(table: AllocationTable, model: Map<bigint, Allocation>): void {
  const all = inOrder(model);
  assert.deepEqual([...table.from(-64n)], all);
  assert.equal(table.count, all.length);
  assert.equal(
    table.addresses,
    all.reduce((sum, { size }) => sum + size, 0n),
  );
  for (const allocation of all) {
    assert.deepEqual(table.at(allocation.last), allocation);
    assert.deepEqual(table.of(allocation), allocation);
    assert.deepEqual(table.spanAt(allocation.offset), { offset: allocation.offset, last: allocation.last });
  }
  for (const mac of MACS) {
    const having = all.filter(({ attributes }) => attributes.mac === mac);
    assert.deepEqual(
      table.withMac(mac).sort((a, b) => Number(a.offset - b.offset)),
      having,
    );
  }
  const ends = all.flatMap(({ attributes }) => attributes.expires_at ?? []);
  assert.equal(table.leases.next, ends.length === 0 ? undefined : Math.min(...ends));
}

function inOrder(model: Map<bigint, Allocation>): Allocation[] {
  return [...model.values()].sort((a, b) => Number(a.offset - b.offset));
}

describe('pool.Allocations, gone through while the network changes', () => {
  for (const [kind, last] of Object.entries({ pages: 1023n, sorted: 2n ** 64n })) {
    it(`go on where they were in another table, and read no record that is somebody else's by now: ${kind}`, () => {
      const records = new AllocationRecords();
      const table = new AllocationTable(records, { first: 0n, last: 255n }, 3);
      const give = (at: bigint) => new Allocation({ vm_id: `vm-${at}`, nic: '' }, at, at, 1, {});
      for (let at = 1n; at <= 6n; at++) table.put(give(at));
      const seen: string[] = [];
      for (const { vm_id, offset } of table.from(0n)) {
        seen.push(vm_id);
        if (offset !== 2n) continue;
        table.move({ first: 0n, last });
        for (const gone of [3n, 4n]) {
          const held = table.at(gone);
          assert.ok(held);
          table.delete(held);
        }
        table.put(give(900n)); // in the room of one that is gone
      }
      assert.deepEqual(seen, ['vm-1', 'vm-2', 'vm-5', 'vm-6', 'vm-900']);
    });
  }
});
