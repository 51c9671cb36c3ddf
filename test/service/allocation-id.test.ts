import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatAddress } from '../../src/net/address.ts';
import { allocationId, allocationIdOf, parseAllocationId } from '../../src/service/allocation-id.ts';

describe('allocationId', () => {
  it('is the address in hex and the time in base 36', () => {
    const at = Date.parse('2026-01-02T03:04:05.678Z');
    assert.equal(allocationIdOf('172.16.0.2', at), `ac100002-${at.toString(36)}`);
    assert.equal(allocationIdOf('fd00::1', 35), 'fd000000000000000000000000000001-z');
    assert.equal(allocationIdOf('nonsense', at), '');
  });

  it('leads back to both, for every address and time', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.record({ family: fc.constant(4 as const), value: fc.bigInt(0n, (1n << 32n) - 1n) }),
          fc.record({ family: fc.constant(6 as const), value: fc.bigInt(0n, (1n << 128n) - 1n) }),
        ),
        fc.nat({ max: 8_640_000_000_000_000 }),
        ({ family, value }, at) => {
          const id = allocationId(family, value, at);
          assert.deepEqual(parseAllocationId(id), { ip: formatAddress(family, value), allocated_at: at });
        },
      ),
    );
  });

  const bad = ['', 'ac100002', 'ac100002-', '-abc', 'AC100002-abc', 'ac10002-abc', 'ac1000022-abc', 'ac100002-ABC'];
  for (const id of [...bad, 'ac100002-abc-def', 'ac100002-abc\n', 'zc100002-abc', 'ac100002-0123456789ab']) {
    it(`is not ${JSON.stringify(id)}`, () => assert.equal(parseAllocationId(id), undefined));
  }
});
