import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Family, formatAddress } from '../../src/net/address.ts';
import { VRF_PATTERN } from '../../src/net/vrf.ts';
import { AllocationIds, parseAllocationId } from '../../src/service/allocation-id.ts';

const vrfs = fc.oneof(fc.constant('default'), fc.stringMatching(new RegExp(VRF_PATTERN)));
const derived = fc
  .record({
    vrf: vrfs,
    family: fc.constantFrom<Family>(4, 6),
    value: fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }),
    allocated_at: fc.oneof(fc.nat(9), fc.integer({ min: 0, max: 8.64e15 })),
  })
  .map(({ vrf, family, value, allocated_at }) => {
    return { vrf, ip: formatAddress(family, family === 4 ? value % 2n ** 32n : value), allocated_at };
  });

describe('AllocationIds', () => {
  const ids = new AllocationIds();
  const at = Date.UTC(2026, 0, 1);
  const idOf = (vrf: string, ip: string, allocated_at: number) => ids.ofDerived({ vrf, ip, allocated_at });

  it('writes the ids of the default VRF as earlier releases did', () => {
    assert.equal(idOf('default', '172.16.0.2', at), `ac100002-${at.toString(36)}`);
    assert.equal(idOf('default', 'fd00::1', 35), 'fd000000000000000000000000000001-z');
    assert.equal(idOf('default', 'nonsense', at), '');
  });

  it('prefixes the id with any other VRF', () => {
    assert.equal(idOf('blue', '172.16.0.2', at), `blue.ac100002-${at.toString(36)}`);
    assert.equal(idOf('a.b-1', '172.16.0.2', 35), 'a.b-1.ac100002-z');
  });

  it('can be read back, is safe in a URL, and differs for any two allocations', () => {
    fc.assert(
      fc.property(derived, derived, (one, other) => {
        const id = ids.ofDerived(one);
        assert.deepEqual(parseAllocationId(id), one);
        assert.equal(encodeURIComponent(id), id);
        const isSame = one.vrf === other.vrf && one.ip === other.ip && one.allocated_at === other.allocated_at;
        assert.equal(ids.ofDerived(other) === id, isSame);
      }),
    );
  });
});

describe('parseAllocationId', () => {
  const wrong = ['', 'ac100002', 'AC100002-z', 'ac10002-z', 'ac100002-Z', 'ac100002-', 'x ac100002-z', 'ac100002-z\n'];
  const wrongVrf = [
    'default.ac100002-z',
    '.ac100002-z',
    '-a.ac100002-z',
    'a/b.ac100002-z',
    `${'a'.repeat(65)}.ac100002-z`,
  ];
  for (const id of [...wrong, ...wrongVrf]) {
    it(`refuses ${JSON.stringify(id)}`, () => assert.equal(parseAllocationId(id), undefined));
  }
});
