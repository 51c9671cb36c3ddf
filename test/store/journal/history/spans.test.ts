import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { mayInclude, Spans } from '../../../../src/store/journal/history/spans.ts';

describe('history: the spans of an index', () => {
  it('are joined where they overlap or touch, by family', () => {
    const spans = new Spans();
    spans.add('10.0.0.16', '10.0.0.31');
    spans.add('fd00::10', 'fd00::1f');
    spans.add('10.0.0.32', '10.0.0.40');
    spans.add('10.0.0.16', '10.0.0.31');
    assert.deepEqual(spans.list(), [
      [4, 'a000010', 'a000028'],
      [6, 'fd000000000000000000000000000010', 'fd00000000000000000000000000001f'],
    ]);
  });

  it('include their addresses, both ends, and no others', () => {
    const spans = new Spans();
    spans.add('10.0.0.16', '10.0.0.31');
    spans.add('::a00:40', '::a00:4f');
    const list = spans.list()!;
    const among = ['10.0.0.15', '10.0.0.16', '10.0.0.31', '10.0.0.32', '10.0.0.64', '::a00:10', '::a00:40', '::a00:50'];
    assert.deepEqual(
      among.filter((ip) => mayInclude(list, ip)),
      ['10.0.0.16', '10.0.0.31', '::a00:40'],
    );
  });

  it('are given up when there are more than a thousand, however often each is told', () => {
    const told = (count: number) => {
      const spans = new Spans();
      for (let i = 0; i < 10_000; i++) {
        const n = i % count;
        spans.add(`10.${n >> 7}.${(2 * n) & 255}.0`, `10.${n >> 7}.${(2 * n) & 255}.9`);
      }
      return spans.list()?.length;
    };
    assert.equal(told(1000), 1000);
    assert.equal(told(1001), undefined);
  });

  it('are given up when one cannot be read', () => {
    const spans = new Spans();
    spans.add('10.0.0.1', '10.0.0.2');
    spans.add('10.0.0.9', 'fd00::1');
    spans.add('10.0.0.3', '10.0.0.4');
    assert.equal(spans.list(), undefined);
  });
});
