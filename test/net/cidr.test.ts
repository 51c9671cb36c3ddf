import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { BITS, type Family, formatAddress, parseAddress } from '../../src/net/address.ts';
import {
  contains,
  enclosingNetwork,
  firstHost,
  formatCidr,
  lastAddress,
  lastHost,
  overlaps,
  parseCidr,
  sizeOf,
} from '../../src/net/cidr.ts';

const FAMILIES: readonly Family[] = [4, 6];
const endOf = (family: Family) => (1n << BigInt(BITS[family])) - 1n;
const address = (family: Family) => fc.bigInt({ min: 0n, max: endOf(family) });
const cidrOf = (family: Family) =>
  fc
    .tuple(address(family), fc.integer({ min: 0, max: BITS[family] }))
    .map(([value, length]) => enclosingNetwork(`${formatAddress(family, value)}/${length}`)!);
const cidr = fc.oneof(cidrOf(4), cidrOf(6));

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
  '::',
  '::/129',
  '::/064',
  '::/-1',
  '::/64/64',
  '[::]/64',
  'fe80::%eth0/64',
  '::ffff:10.0.0.0/8/8',
  ':::/64',
];

describe('net.parseCidr', () => {
  for (const text of refused) it(`refuses ${JSON.stringify(text)}`, () => assert.equal(parseCidr(text), undefined));

  for (const text of [
    '10.0.0.1/8',
    '10.1.0.0/8',
    '0.0.0.1/0',
    '172.16.0.1/31',
    '255.255.255.255/31',
    '::1/64',
    'fd00::1/127',
  ]) {
    it(`refuses host bits: ${text}`, () => assert.equal(parseCidr(text), undefined));
  }

  it('reads the largest and the smallest of both families', () => {
    assert.deepEqual(parseCidr('0.0.0.0/0'), { family: 4, base: 0n, prefixLength: 0 });
    assert.deepEqual(parseCidr('255.255.255.255/32'), { family: 4, base: 0xffffffffn, prefixLength: 32 });
    assert.deepEqual(parseCidr('::/0'), { family: 6, base: 0n, prefixLength: 0 });
    const last = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128';
    assert.deepEqual(parseCidr(last), { family: 6, base: endOf(6), prefixLength: 128 });
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
    ['2001:DB8::1/32', '2001:db8::/32'],
    ['fd00:0:0:1:2:3:4:5/65', 'fd00:0:0:1::/65'],
    ['ffff::ffff/1', '8000::/1'],
  ];
  for (const [text, expected] of table) {
    it(`finds ${expected} around ${text}`, () => assert.equal(formatCidr(enclosingNetwork(text)!), expected));
  }

  for (const family of FAMILIES) {
    it(`clears exactly the host bits, IPv${family}`, () => {
      fc.assert(
        fc.property(address(family), fc.integer({ min: 0, max: BITS[family] }), (value, length) => {
          const hosts = BigInt(BITS[family] - length);
          const expected = { family, base: (value >> hosts) << hosts, prefixLength: length };
          assert.deepEqual(enclosingNetwork(`${formatAddress(family, value)}/${length}`), expected);
        }),
        { numRuns: 2000 },
      );
    });
  }
});

describe('net: bounds of a network', () => {
  const table = [
    ['10.0.0.0/8', 24, '10.255.255.255', '10.0.0.1', '10.255.255.254'],
    ['128.0.0.0/1', 31, '255.255.255.255', '128.0.0.1', '255.255.255.254'],
    ['172.16.0.0/24', 8, '172.16.0.255', '172.16.0.1', '172.16.0.254'],
    ['192.168.0.252/30', 2, '192.168.0.255', '192.168.0.253', '192.168.0.254'],
    ['192.168.0.254/31', 1, '192.168.0.255', '192.168.0.254', '192.168.0.255'], // RFC 3021
    ['255.255.255.255/32', 0, '255.255.255.255', '255.255.255.255', '255.255.255.255'],
    ['0.0.0.0/0', 32, '255.255.255.255', '0.0.0.1', '255.255.255.254'],
    // No broadcast; the subnet-router anycast address stays free (RFC 4291 section 2.6.1).
    ['fd00::/64', 64, 'fd00::ffff:ffff:ffff:ffff', 'fd00::1', 'fd00::ffff:ffff:ffff:ffff'],
    ['fd00::fc/126', 2, 'fd00::ff', 'fd00::fd', 'fd00::ff'],
    ['fd00::fe/127', 1, 'fd00::ff', 'fd00::fe', 'fd00::ff'], // RFC 6164
    ['fd00::/128', 0, 'fd00::', 'fd00::', 'fd00::'],
    ['::/0', 128, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', '::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
  ] as const;
  for (const [text, bits, last, first, lastUsable] of table) {
    it(text, () => {
      const network = parseCidr(text)!;
      assert.equal(sizeOf(network), 2n ** BigInt(bits));
      assert.equal(formatAddress(network.family, lastAddress(network)), last);
      assert.equal(formatAddress(network.family, firstHost(network)), first);
      assert.equal(formatAddress(network.family, lastHost(network)), lastUsable);
    });
  }

  it('contains its first and last address and not their neighbours', () => {
    fc.assert(
      fc.property(cidr, (network) => {
        const has = (value: bigint) => contains(network, { family: network.family, value });
        assert.ok(has(network.base));
        assert.ok(has(lastAddress(network)));
        assert.ok(!has(network.base - 1n));
        assert.ok(!has(lastAddress(network) + 1n));
      }),
    );
  });

  it('contains exactly the addresses that it encloses', () => {
    const near = cidr.chain((network) => {
      const by = fc.bigInt({ min: -3n, max: 3n }).map((step) => network.base + step);
      const within = by.map((value) => (value < 0n ? 0n : value > endOf(network.family) ? network.base : value));
      return fc.tuple(fc.constant(network), fc.oneof(address(network.family), within));
    });
    fc.assert(
      fc.property(near, ([network, value]) => {
        const text = formatAddress(network.family, value);
        const same = enclosingNetwork(`${text}/${network.prefixLength}`)?.base === network.base;
        assert.equal(contains(network, { family: network.family, value }), same);
        assert.deepEqual(parseAddress(text), { family: network.family, value });
      }),
      { numRuns: 2000 },
    );
  });

  it('contains nothing of the other family, not even the same number', () => {
    assert.ok(!contains(parseCidr('10.0.0.0/8')!, { family: 6, value: 0x0a000001n }));
    assert.ok(!contains(parseCidr('::/0')!, parseCidr('10.0.0.0/8')!));
  });
});

describe('net.overlaps', () => {
  const small = fc
    .tuple(fc.constantFrom(...FAMILIES), fc.bigInt({ min: 0n, max: 63n }), fc.integer({ min: 0, max: 6 }))
    .map(([family, value, bits]) => enclosingNetwork(`${formatAddress(family, value)}/${BITS[family] - bits}`)!);

  it('is having an address in common', () => {
    fc.assert(
      fc.property(small, small, (a, b) => {
        const expected = a.family === b.family && a.base <= lastAddress(b) && b.base <= lastAddress(a);
        assert.equal(overlaps(a, b), expected);
        assert.equal(overlaps(b, a), expected);
      }),
      { numRuns: 2000 },
    );
  });
});
