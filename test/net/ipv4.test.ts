import assert from 'node:assert/strict';
import { isIPv4 } from 'node:net';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatIPv4, parseIPv4 } from '../../src/net/ipv4.ts';

const address = fc.integer({ min: 0, max: 0xffffffff });

describe('net.parseIPv4', () => {
  const table: readonly [string, number][] = [
    ['0.0.0.0', 0],
    ['0.0.0.1', 1],
    ['10.0.0.1', 0x0a000001],
    ['127.255.255.255', 0x7fffffff],
    ['128.0.0.0', 0x80000000], // the sign bit of a 32 bit integer
    ['172.16.0.254', 0xac1000fe],
    ['255.255.255.255', 0xffffffff],
  ];
  for (const [text, value] of table) it(`reads ${text}`, () => assert.equal(parseIPv4(text), value));

  // Each of these is an address to some library: inet_aton, a browser, ipaddr.js, a spreadsheet.
  const refused = [
    ['', 'nothing'],
    ['1', 'a number'],
    ['2886729729', 'a number'],
    ['0x7f.0.0.1', 'hexadecimal'],
    ['127.1', 'two parts'],
    ['127.0.1', 'three parts'],
    ['1.2.3.4.5', 'five parts'],
    ['1.2.3.4.', 'a dot at the end'],
    ['.1.2.3.4', 'a dot at the start'],
    ['1..3.4', 'an empty part'],
    ['1.2.3.', 'an empty last part'],
    ['010.0.0.1', 'octal'],
    ['10.00.0.1', 'two zeros'],
    ['10.0.0.01', 'a leading zero'],
    ['256.0.0.1', 'more than 255'],
    ['1.2.3.999', 'more than 255'],
    ['1.2.3.4294967297', 'more than 32 bits'],
    [' 1.2.3.4', 'a space before'],
    ['1.2.3.4 ', 'a space behind'],
    ['1.2.3.4\n', 'a newline behind'],
    ['1.2. 3.4', 'a space within'],
    ['1.2.3.-4', 'a sign'],
    ['+1.2.3.4', 'a sign'],
    ['1,2,3,4', 'commas'],
    ['1e1.2.3.4', 'an exponent'],
    ['1.2.3.4/24', 'a prefix length'],
    ['1.2.3.4%eth0', 'a zone'],
    ['::1', 'IPv6'],
    ['::ffff:1.2.3.4', 'IPv6'],
    ['1.2.3.4\0', 'NUL'],
    ['１.2.3.4', 'a full-width digit'],
    ['١.2.3.4', 'an Arabic digit'],
    ['1．2.3.4', 'a full-width dot'],
  ] as const;
  for (const [text, why] of refused) {
    it(`refuses ${why}: ${JSON.stringify(text)}`, () => assert.equal(parseIPv4(text), undefined));
  }

  it('agrees with node:net on mutated addresses', () => {
    fc.assert(
      fc.property(mutated(), (text) => {
        assert.equal(parseIPv4(text) !== undefined, isIPv4(text), JSON.stringify(text));
      }),
      { numRuns: 20_000 },
    );
  });

  it('agrees with node:net on any text of its characters', () => {
    const unit = fc.constantFrom('.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9');
    fc.assert(
      fc.property(fc.string({ unit, minLength: 5, maxLength: 17 }), (text) => {
        assert.equal(parseIPv4(text) !== undefined, isIPv4(text), JSON.stringify(text));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('net.formatIPv4', () => {
  it('writes what parseIPv4 reads, for every address', () => {
    fc.assert(
      fc.property(address, (value) => {
        const text = formatIPv4(value);
        assert.ok(isIPv4(text), text);
        assert.equal(parseIPv4(text), value);
      }),
      { numRuns: 5000 },
    );
  });

  it('is the only spelling that parseIPv4 accepts', () => {
    fc.assert(
      fc.property(mutated(), (text) => {
        const value = parseIPv4(text);
        if (value !== undefined) assert.equal(formatIPv4(value), text);
      }),
      { numRuns: 20_000 },
    );
  });
});

/** An address with up to three changes of the kinds that people and other programs make. */
function mutated(): fc.Arbitrary<string> {
  const piece = fc.constantFrom(
    '.',
    '0',
    '00',
    '1',
    '9',
    '25',
    '256',
    ' ',
    '\t',
    '\n',
    '-',
    '+',
    'x',
    '/',
    ':',
    '%',
    '１',
    '٣',
    '\0',
  );
  const change = fc.record({
    kind: fc.constantFrom('insert', 'delete', 'replace', 'truncate', 'none' as const),
    at: fc.nat(16),
    piece,
  });
  return fc.tuple(address, fc.array(change, { maxLength: 3 })).map(([value, changes]) => {
    let text = formatIPv4(value);
    for (const { kind, at, piece } of changes) {
      const i = at % (text.length + 1);
      if (kind === 'insert') text = text.slice(0, i) + piece + text.slice(i);
      if (kind === 'delete') text = text.slice(0, i) + text.slice(i + 1);
      if (kind === 'replace') text = text.slice(0, i) + piece + text.slice(i + 1);
      if (kind === 'truncate') text = text.slice(0, i);
    }
    return text;
  });
}
