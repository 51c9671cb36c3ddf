import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BITS, formatAddress, parseAddress } from '../../src/net/address.ts';

describe('net.parseAddress', () => {
  it('tells the families apart', () => {
    assert.deepEqual(parseAddress('10.0.0.1'), { family: 4, value: 0x0a000001n });
    assert.deepEqual(parseAddress('::a00:1'), { family: 6, value: 0x0a000001n });
    assert.deepEqual(parseAddress('255.255.255.255'), { family: 4, value: 2n ** 32n - 1n });
  });

  it('does not take an IPv4-mapped address for the IPv4 address', () => {
    assert.deepEqual(parseAddress('::ffff:10.0.0.1'), { family: 6, value: 0xffff_0a00_0001n });
  });

  for (const text of ['', '10.0.0', '10.0.0.256', '010.0.0.1', ':', '1::2::3', 'fe80::1%eth0', '10.0.0.1/32', 'x']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseAddress(text), undefined));
  }

  for (const family of [4, 6] as const) {
    it(`reads what formatAddress writes, IPv${family}`, () => {
      fc.assert(
        fc.property(fc.bigInt({ min: 0n, max: (1n << BigInt(BITS[family])) - 1n }), (value) => {
          assert.deepEqual(parseAddress(formatAddress(family, value)), { family, value });
        }),
      );
    });
  }
});
