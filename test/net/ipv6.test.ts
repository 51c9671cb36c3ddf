import assert from 'node:assert/strict';
import { isIPv6 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIPv4 } from '../../src/net/ipv4.ts';
import { formatIPv6, parseIPv6, words } from '../../src/net/ipv6.ts';

const LAST = (1n << 128n) - 1n;
const MAPPED = 0xffffn; // the first 96 bits of an IPv4-mapped address

describe('net.parseIPv6', () => {
  const table: readonly [string, bigint][] = [
    ['::', 0n],
    ['::1', 1n],
    ['1::', 1n << 112n],
    // RFC 4291, section 2.2
    ['ABCD:EF01:2345:6789:ABCD:EF01:2345:6789', 0xabcdef0123456789abcdef0123456789n],
    ['2001:DB8:0:0:8:800:200C:417A', 0x20010db80000000000080800200c417an],
    ['2001:DB8::8:800:200C:417A', 0x20010db80000000000080800200c417an],
    ['FF01:0:0:0:0:0:0:101', 0xff010000000000000000000000000101n],
    ['FF01::101', 0xff010000000000000000000000000101n],
    ['0:0:0:0:0:0:0:1', 1n],
    ['0:0:0:0:0:0:0:0', 0n],
    ['0:0:0:0:0:0:13.1.68.3', 0x0d014403n],
    ['0:0:0:0:0:FFFF:129.144.52.38', 0xffff81903426n],
    ['::13.1.68.3', 0x0d014403n],
    ['::FFFF:129.144.52.38', 0xffff81903426n],
    // RFC 5952, section 2.1: one address in six spellings
    ['2001:db8:0:0:1:0:0:1', 0x20010db8000000000001000000000001n],
    ['2001:0db8:0:0:1:0:0:1', 0x20010db8000000000001000000000001n],
    ['2001:db8::1:0:0:1', 0x20010db8000000000001000000000001n],
    ['2001:db8::0:1:0:0:1', 0x20010db8000000000001000000000001n],
    ['2001:0db8::1:0:0:1', 0x20010db8000000000001000000000001n],
    ['2001:db8:0:0:1::1', 0x20010db8000000000001000000000001n],
    // `::` for one group only: at the start, within, at the end, before a quad
    ['::2:3:4:5:6:7:8', 0x00000002000300040005000600070008n],
    ['1:2:3::5:6:7:8', 0x00010002000300000005000600070008n],
    ['1:2:3:4:5:6:7::', 0x00010002000300040005000600070000n],
    ['1:2:3:4:5::1.2.3.4', 0x00010002000300040005000001020304n],
    ['1:2:3:4:5:6:255.255.255.255', 0x000100020003000400050006ffffffffn],
    ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', LAST],
    ['FFFF:ffff:FFFF:ffff:FFFF:ffff:255.255.255.255', LAST], // 45 characters: nothing valid is longer
    ['0000:0000:0000:0000:0000:0000:8000:0000', 0x80000000n], // the sign bit of a 32 bit integer
    ['8000::', 1n << 127n],
  ];
  for (const [text, value] of table) it(`reads ${text}`, () => assert.equal(parseIPv6(text), value));

  const refused = [
    ['', 'nothing'],
    [':', 'a colon'],
    [':::', 'three colons'],
    ['1:::2', 'three colons'],
    ['1::2::3', 'two gaps'],
    ['::1::', 'two gaps'],
    ['::::', 'two gaps'],
    ['1', 'one group'],
    ['1:2:3:4:5:6:7', 'seven groups'],
    ['1:2:3:4:5:6:7:8:9', 'nine groups'],
    ['1:2:3:4::5:6:7:8', 'a gap of nothing'],
    ['1:2:3:4:5:6:7:8::', 'a gap of nothing at the end'],
    ['::1:2:3:4:5:6:7:8', 'a gap of nothing at the start'],
    ['1:2:3:4:5:6::1.2.3.4', 'a gap of nothing before a quad'],
    [':1:2:3:4:5:6:7:8', 'a colon at the start'],
    ['1:2:3:4:5:6:7:8:', 'a colon at the end'],
    [':1::', 'a colon at the start'],
    ['::1:', 'a colon at the end'],
    ['::12345', 'five digits'],
    ['::00001', 'five digits'],
    ['::g', 'a letter that is no digit'],
    ['::0x1', 'a number of a program'],
    ['::-1', 'a sign'],
    ['1.2.3.4', 'IPv4'],
    ['::1.2.3', 'a quad of three'],
    ['::1.2.3.4.5', 'a quad of five'],
    ['::1.2.3.256', 'a quad beyond 255'],
    ['::1.2.3.04', 'a quad with a leading zero'],
    ['::01.2.3.4', 'a quad with a leading zero'],
    ['::a.2.3.4', 'a quad in hexadecimal'],
    ['::.1.2.3', 'a quad that starts with a dot'],
    ['::1.2.3.4:5', 'a quad that is not last'],
    ['1.2.3.4::', 'a quad that is first'],
    ['1:2:3:4:5:6:7:1.2.3.4', 'a quad in the eighth group'],
    ['1:2:3:4:5:1.2.3.4', 'a quad too early'],
    ['fe80::1%eth0', 'a zone'],
    ['fe80::1%25eth0', 'a zone of a URL'],
    ['fe80::1%', 'an empty zone'],
    ['[::1]', 'brackets'],
    ['::1/64', 'a prefix length'],
    [' ::1', 'a space before'],
    ['::1 ', 'a space behind'],
    ['::1\n', 'a newline behind'],
    ['::\0', 'NUL'],
    ['::１', 'a full-width digit'],
    ['：：1', 'full-width colons'],
    ['0000:0000:0000:0000:0000:0000:0000:0000:0000:0000', 'more than fits'],
  ] as const;
  for (const [text, why] of refused) {
    it(`refuses ${why}: ${JSON.stringify(text)}`, () => assert.equal(parseIPv6(text), undefined));
  }

  it('reads every spelling of an address', () => {
    fc.assert(
      fc.property(spelled(), ({ value, text }) => assert.equal(parseIPv6(text), value, text)),
      { numRuns: 10_000 },
    );
  });

  it('agrees with node:net on mutated addresses', () => {
    let valid = 0;
    fc.assert(
      fc.property(mutated(), (text) => {
        const expected = !text.includes('%') && isIPv6(text);
        assert.equal(parseIPv6(text) !== undefined, expected, JSON.stringify(text));
        if (expected) valid++;
      }),
      { numRuns: 30_000 },
    );
    // Mutations that made everything invalid would prove little.
    assert.ok(valid > 3000 && valid < 27_000, `${valid} of 30000 were valid`);
  });

  it('agrees with node:net on any text of its characters', () => {
    const unit = fc.constantFrom(...Array.from('0123456789abcdefABCDEF::::::::::::....%/ g'));
    fc.assert(
      fc.property(fc.string({ unit, minLength: 1, maxLength: 24 }), (text) => {
        assert.equal(parseIPv6(text) !== undefined, !text.includes('%') && isIPv6(text), JSON.stringify(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it('agrees with node:net on every arrangement of single and double colons', () => {
    let valid = 0;
    for (const text of arrangements()) {
      assert.equal(parseIPv6(text) !== undefined, isIPv6(text), text);
      if (isIPv6(text)) valid++;
    }
    assert.ok(valid > 50, String(valid));
  });

  it('gives the value that the URL parser gives', () => {
    let compared = 0;
    fc.assert(
      fc.property(mutated(), (text) => {
        const value = parseIPv6(text);
        if (value === undefined) return;
        assert.equal(inUrl(hexGroups(value)), inUrl(text), text);
        compared++;
      }),
      { numRuns: 5000 },
    );
    assert.ok(compared > 500, String(compared));
  });
});

describe('net.formatIPv6', () => {
  const table: readonly [bigint, string, string][] = [
    [0n, '::', 'nothing but zeros'],
    [1n, '::1', 'zeros in front'],
    [1n << 112n, '1::', 'zeros at the end'],
    [LAST, 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'no zeros'],
    [0x20010db8000000000000000000000001n, '2001:db8::1', 'RFC 5952, 4.2.1: as short as possible'],
    [0x20010db8000000000000000000020001n, '2001:db8::2:1', 'RFC 5952, 4.2.1'],
    [0x20010db8000000010001000100010001n, '2001:db8:0:1:1:1:1:1', 'RFC 5952, 4.2.2: not for one group'],
    [0x20010000000000010000000000000001n, '2001:0:0:1::1', 'RFC 5952, 4.2.3: the longest run'],
    [0x20010db8000000000001000000000001n, '2001:db8::1:0:0:1', 'RFC 5952, 4.2.3: the first of equals'],
    [0x2001000000000000aaaa000000000001n, '2001::aaaa:0:0:1', 'the first run is the longer'],
    [0x00000000000000000001000000000000n, '::1:0:0:0', 'a run at each end'],
    [0x00000000000000010000000000000000n, '0:0:0:1::', 'the longer run at the end'],
    [0x00000001000200030004000500060000n, '0:1:2:3:4:5:6:0', 'single zeros at both ends'],
    [0xaaaabbbbccccddddeeeeffffaaaabbbbn, 'aaaa:bbbb:cccc:dddd:eeee:ffff:aaaa:bbbb', 'RFC 5952, 4.3: lower case'],
    [0xffffc0000201n, '::ffff:192.0.2.1', 'RFC 5952, 5: IPv4-mapped'],
    [0xffff00000000n, '::ffff:0.0.0.0', 'the first mapped'],
    [0xffffffffffffn, '::ffff:255.255.255.255', 'the last mapped'],
    [0xfffeffffffffn, '::fffe:ffff:ffff', 'before the mapped ones'],
    [0x1000000000000n, '::1:0:0:0', 'behind the mapped ones'],
    [0xc0000201n, '::c000:201', 'IPv4-compatible, deprecated: as any other'],
    [0x0064ff9b0000000000000000c0000221n, '64:ff9b::c000:221', 'a translated one: as any other'],
  ];
  for (const [value, text, why] of table) it(`writes ${text} (${why})`, () => assert.equal(formatIPv6(value), text));

  it('writes what parseIPv6 reads', () => {
    fc.assert(
      fc.property(address(), (value) => {
        const text = formatIPv6(value);
        assert.ok(isIPv6(text), text);
        assert.equal(parseIPv6(text), value);
      }),
      { numRuns: 10_000 },
    );
  });

  it('writes as the URL parser does, but for mapped ones', () => {
    fc.assert(
      fc.property(address(), (value) => {
        if (value >> 32n === MAPPED) return;
        const text = formatIPv6(value);
        assert.equal(`[${text}]`, inUrl(hexGroups(value)));
      }),
      { numRuns: 10_000 },
    );
  });
});

describe('net.words', () => {
  it('splits an address, the highest first', () => {
    assert.deepEqual(words(0x00000001_80000000_ffffffff_00000002n), [1, 0x80000000, 0xffffffff, 2]);
  });
});

/** Addresses with many zeros, so that runs of every length and place occur, and mapped ones. */
function address(): fc.Arbitrary<bigint> {
  const group = fc.oneof(fc.constantFrom(0, 0, 0, 1, 0xffff), fc.nat(0xffff));
  const any = fc.array(group, { minLength: 8, maxLength: 8 }).map((groups) => {
    return groups.reduce((value, next) => (value << 16n) | BigInt(next), 0n);
  });
  const mapped = fc.bigInt({ min: MAPPED << 32n, max: (MAPPED << 32n) | 0xffffffffn });
  return fc.oneof({ weight: 7, arbitrary: any }, { weight: 1, arbitrary: mapped });
}

/** All eight groups with four digits each: a form that needs neither of the functions under test. */
function hexGroups(value: bigint): string {
  return value.toString(16).padStart(32, '0').match(/..../g)!.join(':');
}

/** The address as the URL parser writes it. */
function inUrl(text: string): string {
  return new URL(`http://[${text}]/`).hostname;
}

/** An address and one of its many spellings. */
function spelled(): fc.Arbitrary<{ value: bigint; text: string }> {
  const eight = fc.array(fc.boolean(), { minLength: 8, maxLength: 8 });
  const choices = fc.record({ padded: eight, upper: eight, from: fc.nat(8), most: fc.integer({ min: 1, max: 8 }) });
  return fc.tuple(address(), choices, fc.boolean()).map(([value, { padded, upper, from, most }, quad]) => {
    const groups = hexGroups(value)
      .split(':')
      .map((group, i) => (padded[i] === true ? group : group.replace(/^0{1,3}/, '')))
      .map((group, i) => (upper[i] === true ? group.toUpperCase() : group));
    if (quad) groups.splice(6, 2, formatIPv4(Number(value & 0xffffffffn)));
    let to = from;
    while (to < from + most && /^0+$/.test(groups[to] ?? '')) to++;
    if (to === from) return { value, text: groups.join(':') };
    return { value, text: `${groups.slice(0, from).join(':')}::${groups.slice(to).join(':')}` };
  });
}

/** A spelling with up to three changes of the kinds that people and other programs make. */
function mutated(): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    ':',
    '::',
    '.',
    '0',
    '00',
    'f',
    'F',
    'g',
    '1',
    '1.2.3.4',
    ' ',
    '\n',
    '%',
    '%1',
    '/',
    '１',
  );
  const change = fc.record({ kind: fc.constantFrom('insert', 'delete', 'replace', 'truncate'), at: fc.nat(45), piece });
  return fc.tuple(spelled(), fc.array(change, { maxLength: 3 })).map(([{ text }, changes]) => {
    let result = text;
    for (const { kind, at, piece } of changes) {
      const i = at % (result.length + 1);
      if (kind === 'truncate') result = result.slice(0, i);
      else result = result.slice(0, i) + (kind === 'delete' ? '' : piece) + result.slice(kind === 'insert' ? i : i + 1);
    }
    return result;
  });
}

/** One to nine groups, with one or two colons at each place between them, and none, one or two at both ends. */
function* arrangements(): Generator<string> {
  const ends = ['', ':', '::'];
  for (let groups = 1; groups <= 9; groups++) {
    for (let doubled = 0; doubled < 1 << (groups - 1); doubled++) {
      let middle = '';
      for (let i = 0; i < groups - 1; i++) middle += (doubled >> i) & 1 ? 'a::' : 'a:';
      for (const last of ['f', '1.2.3.4']) {
        for (const start of ends) for (const end of ends) yield start + middle + last + end;
      }
    }
  }
}
