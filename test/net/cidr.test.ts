import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIPv4, parseIPv4 } from '../../src/net/address.ts';
import {
  contains,
  enclosingNetwork,
  firstHost,
  formatCidr,
  lastAddress,
  lastHost,
  parseCidr,
  sizeOf,
} from '../../src/net/cidr.ts';

const cidr = fc
  .tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }))
  .map(([address, length]) => enclosingNetwork(`${formatIPv4(address)}/${length}`)!);

const refused = [
  '',
  '/',
  '/24',
  '10.0.0.0',
  '10.0.0.0/',
  '10.0.0.0/33',
  '10.0.0.0/024',
  '10.0.0.0/08',
  '10.0.0.0/-1',
  '10.0.0.0/+8',
  '10.0.0.0/ 8',
  '10.0.0.0/8 ',
  '10.0.0.0/8\n',
  '10.0.0.0/8.0',
  '10.0.0.0/1e1',
  '10.0.0.0/255.0.0.0',
  '10.0.0.0/8/8',
  '10.0.0/8',
  '010.0.0.0/8',
  '10.0.0.0/٨',
];

describe('net.parseCidr', () => {
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseCidr(text), undefined));

  for (const text of ['10.0.0.1/8', '10.1.0.0/8', '0.0.0.1/0', '172.16.0.1/31', '255.255.255.255/31']) {
    it(`refuses host bits: ${text}`, () => assert.equal(parseCidr(text), undefined));
  }

  it('reads 0.0.0.0/0 and 255.255.255.255/32', () => {
    assert.deepEqual(parseCidr('0.0.0.0/0'), { base: 0, prefixLength: 0 });
    assert.deepEqual(parseCidr('255.255.255.255/32'), { base: 0xffffffff, prefixLength: 32 });
  });

  it('reads what formatCidr writes', () => {
    fc.assert(fc.property(cidr, (network) => assert.deepEqual(parseCidr(formatCidr(network)), network)));
  });
});

describe('net.enclosingNetwork', () => {
  for (const text of refused) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.equal(enclosingNetwork(text), undefined));
  }

  const table: readonly [string, string][] = [
    ['10.1.2.3/16', '10.1.0.0/16'],
    ['10.1.2.3/32', '10.1.2.3/32'],
    ['10.1.2.3/0', '0.0.0.0/0'],
    ['255.255.255.255/1', '128.0.0.0/1'], // the sign bit of a 32 bit integer
    ['192.168.1.77/28', '192.168.1.64/28'],
    ['172.31.255.255/12', '172.16.0.0/12'],
  ];
  for (const [text, expected] of table) {
    it(`finds ${expected} around ${text}`, () => assert.equal(formatCidr(enclosingNetwork(text)!), expected));
  }

  it('clears exactly the host bits (checked with bigint arithmetic)', () => {
    const address = fc.integer({ min: 0, max: 0xffffffff });
    fc.assert(
      fc.property(address, fc.integer({ min: 0, max: 32 }), (value, length) => {
        const hosts = BigInt(32 - length);
        const expected = Number((BigInt(value) >> hosts) << hosts);
        assert.equal(enclosingNetwork(`${formatIPv4(value)}/${length}`)?.base, expected);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('net: bounds of a network', () => {
  const table = [
    ['10.0.0.0/8', 2 ** 24, '10.255.255.255', '10.0.0.1', '10.255.255.254'],
    ['128.0.0.0/1', 2 ** 31, '255.255.255.255', '128.0.0.1', '255.255.255.254'],
    ['172.16.0.0/24', 256, '172.16.0.255', '172.16.0.1', '172.16.0.254'],
    ['192.168.0.252/30', 4, '192.168.0.255', '192.168.0.253', '192.168.0.254'],
    ['192.168.0.254/31', 2, '192.168.0.255', '192.168.0.254', '192.168.0.255'], // RFC 3021
    ['255.255.255.255/32', 1, '255.255.255.255', '255.255.255.255', '255.255.255.255'],
    ['0.0.0.0/0', 2 ** 32, '255.255.255.255', '0.0.0.1', '255.255.255.254'],
  ] as const;
  for (const [text, size, last, first, lastUsable] of table) {
    it(text, () => {
      const network = parseCidr(text)!;
      assert.equal(sizeOf(network), size);
      assert.equal(formatIPv4(lastAddress(network)), last);
      assert.equal(formatIPv4(firstHost(network)), first);
      assert.equal(formatIPv4(lastHost(network)), lastUsable);
    });
  }

  it('contains its first and last address and not their neighbours', () => {
    fc.assert(
      fc.property(cidr, (network) => {
        assert.ok(contains(network, network.base));
        assert.ok(contains(network, lastAddress(network)));
        assert.ok(!contains(network, network.base - 1));
        assert.ok(!contains(network, lastAddress(network) + 1));
      }),
    );
  });

  it('contains exactly the addresses that it encloses', () => {
    const address = fc.integer({ min: 0, max: 0xffffffff });
    const near = cidr.chain((network) =>
      fc.tuple(
        fc.constant(network),
        fc.oneof(
          address,
          fc.integer({ min: -3, max: 3 }).map((by) => Math.min(Math.max(network.base + by, 0), 0xffffffff)),
        ),
      ),
    );
    fc.assert(
      fc.property(near, ([network, value]) => {
        const same = enclosingNetwork(`${formatIPv4(value)}/${network.prefixLength}`)?.base === network.base;
        assert.equal(contains(network, value), same);
        assert.equal(parseIPv4(formatIPv4(value)), value);
      }),
      { numRuns: 2000 },
    );
  });
});
