import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { Allocation, ownerKey } from '../../src/pool/allocation.ts';
import type { Attributes } from '../../src/pool/events.ts';
import { AllocationRecords } from '../../src/pool/allocation-records.ts';

const text = fc.oneof(
  fc.string({ maxLength: 40 }),
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('', 'vm-名前', 'é', '\ud800', 'x'.repeat(9000)),
);
const time = fc.oneof(fc.integer({ min: 0, max: 2 ** 42 }), fc.constantFrom(0, -1, 1.5, 1_700_000_000_000.25, 2 ** 53));
const attributes: fc.Arbitrary<Attributes> = fc.record(
  {
    hostname: text,
    mac: fc.constantFrom('02:00:00:00:00:01', 'fe:ff:ff:ff:ff:ff'),
    description: fc.oneof({ weight: 20, arbitrary: text }, { weight: 1, arbitrary: fc.constant('é'.repeat(70_000)) }),
    tags: fc.array(text, { maxLength: 4 }),
    expires_at: time,
    ttl: fc.integer({ min: 1, max: 2 ** 31 }),
    prefix_length: fc.integer({ min: 0, max: 128 }),
    missing_since: time,
  },
  { requiredKeys: [] },
);
const owner = fc.record(
  { vm_id: text, nic: fc.constantFrom('', '', 'eth1', 'ネット'), key: fc.constantFrom('', 'k', 'ключ') },
  { requiredKeys: ['vm_id', 'nic'] },
);
const offset = fc.oneof(
  fc.integer({ min: -300, max: 2 ** 24 }).map(BigInt),
  fc.bigInt({ min: -(2n ** 112n), max: 2n ** 112n }),
);
const more = fc.constantFrom(0n, 0n, 1n, 65_535n, 2n ** 64n - 1n, 2n ** 112n);
const allocation = fc
  .tuple(owner, offset, more, time, attributes)
  .map(([who, first, rest, at, facts]) => new Allocation(who, first, first + rest, at, facts));
const step = fc.record({ op: fc.constantFrom('add', 'add', 'replace', 'delete'), nth: fc.nat(), allocation });

describe('pool.Records', () => {
  it('give back every fact of an allocation, whatever comes and goes around it', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25, size: 'max' }), (steps) => {
        const records = new AllocationRecords();
        const model = new Map<number, Allocation>();
        for (const { op, nth, allocation } of steps) {
          const record = [...model.keys()][nth % (model.size + 1)];
          if (op !== 'add' && record !== undefined) {
            records.delete(record);
            model.delete(record);
          }
          if (op !== 'delete') model.set(records.add(allocation), allocation);
        }
        for (const [record, allocation] of model) {
          assert.deepEqual(records.read(record), allocation);
          assert.equal(records.offset(record), allocation.offset);
          assert.equal(records.last(record), allocation.last);
          assert.equal(records.expiresAt(record), allocation.attributes.expires_at);
          for (const other of model.values()) {
            const key = ownerKey(other);
            if (key !== undefined) assert.equal(records.isOwnedBy(record, key), ownerKey(allocation) === key);
            const { mac } = other.attributes;
            if (mac !== undefined) assert.equal(records.hasMac(record, mac), allocation.attributes.mac === mac);
          }
        }
      }),
      { numRuns: 50, seed, interruptAfterTimeLimit: 10_000 },
    );
  });

  const sizes: readonly [string, bigint, number][] = [
    ['a /8', 2n ** 24n - 2n, 48],
    ['a /64, one after the other', 2n ** 30n, 48],
    ['a /64, anywhere', 2n ** 64n - 2n, 56],
  ];
  for (const [what, first, bytes] of sizes) {
    it(`take ${bytes} bytes for a VM id of 17 and a host name of 14 characters in ${what}`, () => {
      const records = new AllocationRecords();
      for (let nth = 0; nth < 20_000; nth++) {
        const vm_id = `vm-${String(nth).padStart(14, '0')}`;
        const hostname = `h-${String(nth).padStart(12, '0')}`;
        const at = first - BigInt(nth);
        records.add(new Allocation({ vm_id, nic: '' }, at, at, 1_700_000_000_000, { hostname }));
      }
      assert.ok(records.size <= 20_000 * bytes + 2 * 64 * 1024, `${records.size / 20_000} bytes each`);
    });
  }

  it('do not grow by hours of changes', () => {
    const records = new AllocationRecords();
    const make = (turn: number) => {
      const hostname = 'h'.repeat(turn % 60);
      const expires_at = turn % 3 ? { expires_at: 1_700_000_000_000 + turn } : {};
      return new Allocation({ vm_id: `vm-${turn}`, nic: '' }, 0n, 0n, turn, { hostname, ...expires_at });
    };
    const held = Array.from({ length: 5000 }, (_, turn) => records.add(make(turn)));
    const { size } = records;
    for (let turn = 5000; turn < 200_000; turn++) {
      const nth = (turn * 7919) % held.length;
      records.delete(held[nth]!);
      held[nth] = records.add(make(turn));
    }
    assert.ok(records.size <= size * 1.5 + 12 * 64 * 1024, `${size} bytes became ${records.size}`);
  });
});
