import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bloom } from '../../../../src/store/journal/history/bloom.ts';

describe('history: the filter of an index', () => {
  for (const count of [0, 1, 100, 5000, 100_000]) {
    it(`of ${count} texts knows every one, takes others for one rarely, and is small`, async () => {
      const filter = new Bloom();
      for (let n = 0; n < count; n++) filter.add('ip', `10.0.${n >> 8}.${n & 255}`);
      const text = await filter.text();
      const read = Bloom.parse(text)!;
      for (let n = 0; n < count; n++) assert.ok(read.mayHold('ip', `10.0.${n >> 8}.${n & 255}`));
      let wrong = 0;
      for (let n = 0; n < 10_000; n++) if (read.mayHold('vm', `vm-${n}`)) wrong++;
      assert.ok(wrong <= 500, `${wrong} of 10000`);
      assert.ok(text.length <= Math.max(172, count * 4), `${text.length} characters`);
    });
  }

  it('is refused when it has not the size of one', () => {
    for (const text of ['', 'AAAA', 'A'.repeat(1000), 'no base64 …']) assert.equal(Bloom.parse(text), undefined);
  });
});
