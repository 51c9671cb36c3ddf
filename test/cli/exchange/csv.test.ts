import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { csvWriter, guarded, readCsv, unguarded } from '../../../src/cli/exchange/csv.ts';
import { linesOfItems } from '../../../src/cli/exchange/json.ts';

describe('guarded', () => {
  it('keeps a spreadsheet from running a cell, and is undone', () => {
    const cell = fc.string({ unit: fc.constantFrom('=', '+', '-', '@', "'", '\t', '\r', 'a', ',', '"', '\n') });
    fc.assert(
      fc.property(cell, (text) => {
        assert.doesNotMatch(guarded(text), /^[=+\-@\t\r]/);
        assert.equal(unguarded(guarded(text)), text);
      }),
    );
  });

  it('leaves other cells alone', () => {
    for (const text of ['', 'web', "'quoted'", '10.0.0.1', 'a=b']) assert.equal(guarded(text), text);
  });
});

describe('readCsv', () => {
  it('names the line in which a row begins', async () => {
    const text = '\uFEFFIP Address,Description\r\n10.0.0.1,one\r\n\r\n10.0.0.2,"two\r\nlines"\r\n10.0.0.3\r\n';
    const { columns, rows } = await readCsv(text, 'x.csv');
    assert.deepEqual(columns, ['ip_address', 'description']);
    assert.deepEqual(
      rows.map(({ line, cells }) => [line, cells.ip_address, cells.description]),
      [
        [2, '10.0.0.1', 'one'],
        [4, '10.0.0.2', 'two\nlines'],
        [6, '10.0.0.3', undefined],
      ],
    );
  });

  it('reads semicolons', async () => {
    const { rows } = await readCsv('ip;tags\n10.0.0.1;a,b\n', 'x.csv');
    assert.deepEqual(rows[0]?.cells, { ip: '10.0.0.1', tags: 'a,b' });
  });

  it('refuses what is no CSV, with the line', async () => {
    await assert.rejects(readCsv('a,b\n1,"x\n', 'x.csv'), { code: 'usage', message: /x\.csv.*line [23]/ });
  });

  it('reads what is written', async () => {
    const row = await csvWriter(['ip', 'description']);
    const text = row(['ip', 'description']) + row(['10.0.0.1', '=a,"b"\nc']);
    const [read] = (await readCsv(text, 'x.csv')).rows;
    assert.equal(unguarded(read?.cells.description ?? ''), '=a,"b"\nc');
  });
});

describe('linesOfItems', () => {
  const list = (text: string, name: string) => linesOfItems(text).get(name);

  it('finds the elements of each list of the outermost object', () => {
    const text = '{"networks":[\n{"cidr":"[,]"},\n\n{"tags":[1,\n2]}],\n"allocations": [{}, {"a":{"b":[1]}},\n"x"]}';
    JSON.parse(text);
    assert.deepEqual(
      [list(text, 'networks'), list(text, 'allocations')],
      [
        [2, 4],
        [6, 6, 7],
      ],
    );
  });

  it('finds those of an outermost list', () => {
    assert.deepEqual(list('[\n{"allocations":[1,2]},\n 3]', ''), [2, 3]);
  });

  it('counts as many as there are', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), (items) => {
        const text = JSON.stringify({ other: [1], items }, undefined, 1);
        assert.equal(list(text, 'items')?.length ?? 0, items.length);
      }),
    );
  });
});
