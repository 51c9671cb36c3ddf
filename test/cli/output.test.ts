import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, it } from 'node:test';
import { Output, plural } from '../../src/cli/output.ts';

interface Thing {
  readonly name: string;
  readonly size: number;
}

const LISTED = {
  none: 'No things.',
  columns: [
    { head: 'Name', cell: ({ name }: Thing) => name },
    { head: 'Size', right: true, cell: ({ size }: Thing) => String(size) },
  ],
};

/** What an output writes while something is done with it. */
async function written(isTTY: boolean, isJson: boolean, use: (out: Output) => Promise<void>): Promise<string> {
  const sink = Object.assign(new PassThrough({ highWaterMark: 16 }), { isTTY });
  let text = '';
  sink.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await use(new Output(sink, isJson));
  sink.end();
  return text;
}

describe('output.list', () => {
  const things = [
    { name: 'a', size: 5 },
    { name: '', size: 12_345 },
  ];

  it('aligns text for a pipe, - for what is empty', async () => {
    const text = await written(false, false, (out) => out.list(things, LISTED));
    assert.equal(text, 'Name   Size\na         5\n-     12345\n');
  });

  it('rules a table for a terminal', async () => {
    const text = await written(true, false, (out) => out.list(things, LISTED));
    assert.match(text, /┌─+┬─+┐[^]*│ a +│ +5 │[^]*└/);
  });

  it('leaves columns out on a terminal that no row has anything in, and only there', async () => {
    const nameless = [{ name: '', size: 5 }];
    assert.doesNotMatch(await written(true, false, (out) => out.list(nameless, LISTED)), /Name/);
    assert.match(await written(true, false, (out) => out.list(things, LISTED)), /Name/);
    assert.equal(await written(false, false, (out) => out.list(nameless, LISTED)), 'Name  Size\n-        5\n');
  });

  it('is an array a line per item as JSON', async () => {
    const text = await written(false, true, (out) => out.list(things, LISTED));
    assert.equal(text, '[\n{"name":"a","size":5},\n{"name":"","size":12345}\n]\n');
    assert.deepEqual(JSON.parse(await written(true, true, (out) => out.list([], LISTED))), []);
  });

  it('says so when there is nothing', async () => {
    assert.equal(await written(true, false, (out) => out.list([], LISTED)), 'No things.\n');
  });

  it('does not wait for the end of a long list', async () => {
    const many = Array.from({ length: 2500 }, (_, size) => ({ name: 'x', size }));
    const lines = (await written(false, false, (out) => out.list(many, LISTED))).split('\n');
    assert.equal(lines.length, 2502);
    assert.equal(lines[2500], 'x     2499');
  });

  it('lets no text move the cursor', async () => {
    const evil = [{ name: '\u001B[2J\u202Ex', size: 1 }];
    for (const isTTY of [true, false]) {
      const text = await written(isTTY, false, (out) => out.list(evil, LISTED));
      assert.doesNotMatch(text.replaceAll(/\u001B\[\d+m/g, ''), /[\u001B\u202E]/);
    }
  });
});

describe('output.value', () => {
  it('is a line and facts, without those that are empty', async () => {
    const facts = [
      ['ID', 'x'],
      ['Name', ''],
    ] as const;
    assert.equal(await written(false, false, (out) => out.value({}, 'Done', facts)), 'Done:\n  ID:          x\n');
    assert.equal(await written(false, false, (out) => out.value({}, 'Done.')), 'Done.\n');
  });

  it('is the value as JSON', async () => {
    const text = await written(false, true, (out) => out.value({ id: 'x' }, 'Done', [['ID', 'x']]));
    assert.deepEqual(JSON.parse(text), { id: 'x' });
  });
});

describe('plural', () => {
  it('is of one, or of any other number', () => {
    assert.deepEqual(
      [0, 1, 2].map((count) => plural(count, 'row')),
      ['0 rows', '1 row', '2 rows'],
    );
  });
});
