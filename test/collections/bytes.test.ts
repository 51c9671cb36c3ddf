import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { ByteReader, ByteWriter } from '../../src/collections/bytes.ts';

const EDGES = [
  0n,
  0x7fn,
  0x80n,
  0xffn,
  2n ** 31n - 1n,
  2n ** 31n,
  2n ** 48n,
  2n ** 53n + 1n,
  2n ** 112n,
  2n ** 128n - 1n,
];
const edge = fc.constantFrom(...EDGES.flatMap((value) => [value, -value - 1n]));
const whole = fc.oneof(edge, fc.bigInt({ min: -(2n ** 128n), max: 2n ** 128n }), fc.bigInt({ min: -300n, max: 300n }));
// Code units of every kind, halves of pairs too; lengths around those that take another byte, and another call.
const unit = fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code));
const text = fc.oneof(
  fc.string({ unit }),
  fc.string({ maxLength: 300, size: 'max' }),
  fc.constantFrom(63, 64, 4096, 4097, 8193, 9000).map((length) => 'xÿ'.repeat(length).slice(0, length)),
  fc.constantFrom('', '\0', 'ÿ', 'Ā', 'vm-名前', '\ud800', '😀'.repeat(5000)),
);

describe('pool.bytes', () => {
  it('read what was written, one after the other', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    const writer = new ByteWriter();
    fc.assert(
      fc.property(fc.array(fc.oneof(whole, text), { maxLength: 8 }), fc.nat(7), (values, start) => {
        writer.at = start;
        const lengths = values.map((value) => (typeof value === 'bigint' ? writer.whole(value) : writer.text(value)));
        const reader = new ByteReader().open(writer.bytes.slice(), start);
        for (const [index, value] of values.entries()) {
          assert.equal(typeof value === 'bigint' ? reader.whole(lengths[index] ?? 0) : reader.text(), value);
        }
        assert.equal(reader.at, writer.at);
      }),
      { numRuns: 300, seed, interruptAfterTimeLimit: 10_000 },
    );
  });

  it('tell a text from others, and go on behind it', () => {
    const texts = ['', 'a', 'b', 'ab', 'ā', 'aā', 'é', 'x'.repeat(64), `${'x'.repeat(63)}y`];
    const writer = new ByteWriter();
    for (const text of texts) writer.text(text);
    for (const other of texts) {
      const reader = new ByteReader().open(writer.bytes, 0);
      for (const text of texts) assert.equal(reader.isText(other), text === other, `${text} ${other}`);
      assert.equal(reader.at, writer.at);
    }
    const reader = new ByteReader().open(writer.bytes, 0);
    texts.forEach(() => reader.skipText());
    assert.equal(reader.at, writer.at);
  });

  it('take a byte for small numbers, and one for each character of most texts', () => {
    const writer = new ByteWriter();
    assert.deepEqual(
      [0n, 127n, 128n, -128n, -129n, 2n ** 24n - 3n, 2n ** 64n].map((value) => writer.whole(value)),
      [1, 1, 2, 1, 2, 4, 9],
    );
    writer.at = 0;
    writer.text('vm-00000000000001');
    assert.equal(writer.at, 18);
  });
});
