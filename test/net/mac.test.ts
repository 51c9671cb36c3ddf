import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseIPv4 } from '../../src/net/ipv4.ts';
import { parseIPv6 } from '../../src/net/ipv6.ts';
import { firstAttemptIn, macOf, parseMac } from '../../src/net/mac.ts';

describe('net.parseMac', () => {
  const table: readonly [string, string][] = [
    ['52:54:00:AB:cd:01', '52:54:00:ab:cd:01'],
    ['52-54-00-ab-cd-01', '52:54:00:ab:cd:01'],
    ['52-54-00-AB-CD-01', '52:54:00:ab:cd:01'],
    ['5254.00ab.cd01', '52:54:00:ab:cd:01'],
    ['5254.00AB.CD01', '52:54:00:ab:cd:01'],
    ['525400abcd01', '52:54:00:ab:cd:01'],
    ['525400ABCD01', '52:54:00:ab:cd:01'],
    ['00:00:00:00:00:01', '00:00:00:00:00:01'],
    ['00:01:00:00:00:00', '00:01:00:00:00:00'],
    ['fe:ff:ff:ff:ff:ff', 'fe:ff:ff:ff:ff:ff'],
    ['020000000000', '02:00:00:00:00:00'], // digits only, yet no number
  ];
  for (const [text, mac] of table) it(`reads ${text}`, () => assert.equal(parseMac(text), mac));

  const refused = [
    ['', 'nothing'],
    ['52:54:00-ab-cd-01', 'mixed separators'],
    ['52-54-00-ab-cd:01', 'mixed separators'],
    ['5254:00ab:cd01', 'colons in threes'],
    ['5254.00ab-cd01', 'mixed separators'],
    ['525400.abcd01', 'one dot'],
    ['525400ab.cd01', 'a missing dot'],
    ['5254.00abcd01', 'a missing dot'],
    ['52.54.00.ab.cd.01', 'dots in sixes'],
    ['5254:00:ab:cd:01', 'a missing colon'],
    ['525400:abcd01', 'one colon'],
    ['52:54:00:ab:cd', 'five octets'],
    ['52:54:00:ab:cd:01:02', 'seven octets'],
    ['52:54:00:ff:fe:ab:cd:01', 'EUI-64'],
    ['525400abcd0', 'eleven digits'],
    ['525400abcd012', 'thirteen digits'],
    ['52:54:0:ab:cd:01', 'an octet of one digit'],
    ['52:54:00:ab:cd:1', 'a last octet of one digit'],
    ['52:54:000:ab:cd:1', 'an octet of three digits'],
    ['52:54:00:ab:cd:0g', 'a letter that is no digit'],
    ['52::00:ab:cd:01', 'an empty octet'],
    ['52:54:00:ab:cd:01:', 'a colon behind'],
    [':52:54:00:ab:cd:01', 'a colon before'],
    ['52:54:00:ab:cd:01\n', 'a newline behind'],
    [' 52:54:00:ab:cd:01', 'a space before'],
    ['0x525400abcd01', 'a number of a program'],
    ['52:54:00:ab:cd:0１', 'a full-width digit'],
    ['00:00:00:00:00:00', 'all zeros'],
    ['0000.0000.0000', 'all zeros'],
    ['ff:ff:ff:ff:ff:ff', 'broadcast'],
    ['01:00:5e:00:00:01', 'IPv4 multicast'],
    ['33-33-00-00-00-01', 'IPv6 multicast'],
    ['0180.c200.0000', 'a group of a switch'],
    ['53:54:00:ab:cd:01', 'a locally administered group'],
  ] as const;
  for (const [text, why] of refused) {
    it(`refuses ${why}: ${JSON.stringify(text)}`, () => assert.equal(parseMac(text), undefined));
  }

  it('gives one text to all spellings, and reads that text as itself', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 6, maxLength: 6 }), fc.boolean(), (octets, upper) => {
        const hex = Array.from(octets, (octet) => octet.toString(16).padStart(2, '0'));
        const unicast = octets[0]! % 2 === 0 && octets.some((octet) => octet !== 0);
        const expected = unicast ? hex.join(':') : undefined;
        const dotted = hex.join('').match(/..../g)!.join('.');
        for (const text of [hex.join(':'), hex.join('-'), dotted, hex.join('')]) {
          assert.equal(parseMac(upper ? text.toUpperCase() : text), expected, text);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe('net.firstAttemptIn', () => {
  // Written down: another release must derive the same.
  for (const [vrf, attempt] of [
    ['default', 0],
    ['blue', 1_098_775_271],
    ['green', 9_369_183],
  ] as const) {
    it(`is ${attempt} in the VRF ${vrf}`, () => {
      assert.equal(firstAttemptIn(vrf), attempt);
    });
  }

  it('gives equal addresses of 5,000 VRFs different MACs', () => {
    const macs = new Set(
      ['default', ...Array.from({ length: 5000 }, (_, i) => `tenant-${i}`)].map((vrf) =>
        macOf(4, 1n, firstAttemptIn(vrf)),
      ),
    );
    assert.equal(macs.size, 5001);
  });
});

describe('net.macOf', () => {
  const v4 = fc.bigInt({ min: 0n, max: 0xffffffffn });
  const v6 = fc.bigInt({ min: 0n, max: (1n << 128n) - 1n });
  const attempt = fc.oneof(fc.constantFrom(0, 1, 2, 255, 256, 0xffffffff), fc.nat(0xffffffff));
  const asked = fc.oneof(
    fc.tuple(fc.constant(4 as const), v4, attempt),
    fc.tuple(fc.constant(6 as const), v6, attempt),
  );

  // Written down: another release must derive the same, or two releases give one MAC to two NICs.
  const table: readonly [string, number, string][] = [
    ['10.0.0.1', 0, '02:69:0a:00:00:01'],
    ['0.0.0.0', 0, '02:69:00:00:00:00'],
    ['255.255.255.255', 0, '02:69:ff:ff:ff:ff'],
    ['192.168.1.200', 0, '02:69:c0:a8:01:c8'],
    ['10.0.0.1', 1, 'a2:b2:b1:d7:bf:8b'],
    ['10.0.0.1', 2, 'a2:b2:b1:d7:bf:8c'],
    ['2001:db8::1', 0, 'f2:85:13:92:65:47'],
    ['2001:db8::1', 1, 'f2:85:13:92:65:48'],
    ['2001:db8::2', 0, 'e2:3f:a4:d3:99:35'],
    ['::a00:1', 1, 'e2:68:17:8d:4b:e9'],
  ];
  for (const [text, attempt, mac] of table) {
    it(`gives ${mac} to ${text}, attempt ${attempt}`, () => {
      const quad = parseIPv4(text);
      assert.equal(quad === undefined ? macOf(6, parseIPv6(text)!, attempt) : macOf(4, BigInt(quad), attempt), mac);
    });
  }

  it('is a locally administered unicast address of the quadrant x2, as parseMac writes it', () => {
    fc.assert(
      fc.property(asked, ([family, address, attempt]) => {
        const mac = macOf(family, address, attempt);
        assert.match(mac, /^[0-9a-f]2:/);
        assert.equal(parseMac(mac), mac);
      }),
      { numRuns: 5000 },
    );
  });

  it('keeps the plain range to IPv4 at its first attempt', () => {
    fc.assert(
      fc.property(asked, ([family, address, attempt]) => {
        const mac = macOf(family, address, attempt);
        if (family === 4 && attempt === 0) assert.ok(mac.startsWith('02:69:'), mac);
        else assert.match(mac, /^[89a-f]2:/);
      }),
      { numRuns: 5000 },
    );
  });

  it('gives another one at each attempt', () => {
    fc.assert(
      fc.property(asked, attempt, ([family, address, first], second) => {
        if (first === second) return;
        assert.notEqual(macOf(family, address, first), macOf(family, address, second));
      }),
      { numRuns: 5000 },
    );
  });

  it('gives different ones to the addresses of an IPv6 network', () => {
    const network = 0x20010db8_00010002_00030004_00000000n;
    const given = new Set<string>();
    for (let host = 0n; host < 50_000n; host++) given.add(macOf(6, network + host, 0));
    assert.equal(given.size, 50_000);
  });

  it('gives different ones to the first addresses of many IPv6 networks', () => {
    const given = new Set<string>();
    for (let network = 0n; network < 50_000n; network++)
      given.add(macOf(6, (0xfd00n << 112n) | (network << 64n) | 1n, 0));
    assert.equal(given.size, 50_000);
  });

  it('spreads over all first octets of its range', () => {
    const seen = new Map<string, number>();
    for (let host = 0n; host < 8000n; host++) {
      const first = macOf(6, (0x20010db8n << 96n) | host, 0).slice(0, 2);
      seen.set(first, (seen.get(first) ?? 0) + 1);
    }
    assert.deepEqual([...seen.keys()].sort(), ['82', '92', 'a2', 'b2', 'c2', 'd2', 'e2', 'f2']);
    for (const [first, count] of seen) assert.ok(count > 800 && count < 1200, `${first}: ${count} of 8000`);
  });
});
