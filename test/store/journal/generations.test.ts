import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { encodeHeader, encodeRecord } from '../../../src/store/journal/codec/format.ts';
import { added, given, givenAll, released } from './history.ts';
import { type Files, Place } from './place.ts';

// Files that are missing, of another history, or of a later release: refused, and left as they are.

/** Three generations: journal-0, which is history; snapshot-11 and journal-11; snapshot-21 and journal-21, with one record more. */
async function written(t: TestContext, first = 2) {
  const place = await Place.make(t);
  await place.compact(added, ...givenAll(first, first + 9));
  await place.compact(...givenAll(first + 10, first + 19));
  const last = await place.open();
  await last.commit(given(first + 20));
  await last.close();
  return { place, files: await place.files(), state: last.state() };
}

async function refused(place: Place, files: Files, code: string, file?: string): Promise<void> {
  await place.restore(files);
  await assert.rejects(place.open(), (error: { code: string; details: { file?: string } }) => {
    assert.equal(error.code, code);
    if (file !== undefined) assert.equal(error.details.file, file);
    return true;
  });
  assert.deepEqual(await place.files(), files, 'nothing is changed');
}

function without(files: Files, ...names: string[]): Files {
  return new Map([...files].filter(([name]) => !names.includes(name)));
}

describe('journal: generations', () => {
  it('are the newest one and the one before', async (t) => {
    const { files } = await written(t);
    assert.deepEqual(
      [...files.keys()].filter((name) => !name.startsWith('history-')),
      ['LOCK', 'journal-11.jsonl', 'journal-21.jsonl', 'snapshot-11.json', 'snapshot-21.json'],
    );
  });

  it('are enough without the newest snapshot: the one before and both journals say the same', async (t) => {
    const { place, files, state } = await written(t);
    await place.restore(without(files, 'snapshot-21.json'));
    const session = await place.open();
    assert.deepEqual(session.state(), state);
    await session.commit(given(100));
    await session.close();
    assert.deepEqual((await place.open()).state(), session.state());
  });

  it('are not missed when they are old', async (t) => {
    const { place, files, state } = await written(t);
    await place.restore(without(files, 'snapshot-11.json', 'journal-11.jsonl'));
    assert.deepEqual((await place.open()).state(), state);
  });

  const missing: readonly [string, string[], string][] = [
    ['the newest journal', ['journal-21.jsonl'], 'snapshot-21.json'],
    ['all journals', ['journal-21.jsonl', 'journal-11.jsonl'], 'snapshot-21.json'],
    ['both snapshots', ['snapshot-21.json', 'snapshot-11.json'], 'journal-11.jsonl'],
    ['all but the newest journal', ['snapshot-21.json', 'snapshot-11.json', 'journal-11.jsonl'], 'journal-21.jsonl'],
    ['the newest snapshot and the journal before it', ['snapshot-21.json', 'journal-11.jsonl'], 'journal-21.jsonl'],
    [
      'the newest generation but its header',
      ['snapshot-21.json', 'snapshot-11.json', 'journal-21.jsonl'],
      'journal-11.jsonl',
    ],
  ];
  for (const [what, names, file] of missing) {
    it(`are refused without ${what}`, async (t) => {
      const { place, files } = await written(t);
      await refused(place, without(files, ...names), 'data_corrupt', file);
    });
  }

  it('are refused when all of them are gone, but somebody has served from the folder before', async (t) => {
    const { place, files } = await written(t);
    await refused(place, new Map([['LOCK', files.get('LOCK')!]]), 'data_corrupt');
  });

  it('are refused when a middle journal is cut, also between two records', async (t) => {
    const { place, files } = await written(t);
    const bytes = files.get('journal-11.jsonl')!;
    const chain = without(files, 'snapshot-21.json');
    const lastLine = bytes.lastIndexOf('\n', bytes.length - 2) + 1;
    for (const cut of [bytes.length - 1, bytes.length - 40, lastLine]) {
      await refused(
        place,
        new Map([...chain, ['journal-11.jsonl', bytes.subarray(0, cut)]]),
        'data_corrupt',
        'journal-11.jsonl',
      );
    }
  });

  it('are refused when a middle journal has an unfinished write: that was cut off before the next one began', async (t) => {
    const { place, files } = await written(t);
    const longer = Buffer.concat([files.get('journal-11.jsonl')!, Buffer.from('{"seq":22,')]);
    const chain = new Map([...without(files, 'snapshot-21.json'), ['journal-11.jsonl', longer]]);
    await refused(place, chain, 'data_corrupt', 'journal-11.jsonl');
  });

  it('are refused when a file comes from another history', async (t) => {
    const { place, files } = await written(t);
    const other = (await written(t, 30)).files;
    for (const name of ['journal-21.jsonl', 'snapshot-21.json']) {
      await refused(place, new Map([...files, [name, other.get(name)!]]), 'data_corrupt', 'journal-21.jsonl');
    }
    const chain = without(files, 'snapshot-21.json');
    await refused(place, new Map([...chain, ['journal-11.jsonl', other.get('journal-11.jsonl')!]]), 'data_corrupt');
  });

  it('are refused when a file was renamed', async (t) => {
    const { place, files } = await written(t);
    for (const [from, to] of [
      ['journal-21.jsonl', 'journal-22.jsonl'],
      ['snapshot-21.json', 'snapshot-22.json'],
      ['snapshot-21.json', 'snapshot-11.json'],
    ] as const) {
      await refused(place, new Map([...without(files, from, to), [to, files.get(from)!]]), 'data_corrupt');
    }
    // A journal that says of itself that something went before it.
    const alone = new Map([
      ['LOCK', files.get('LOCK')!],
      ['journal-0.jsonl', Buffer.from(encodeHeader(21, 0, 'now').line)],
    ]);
    await refused(place, alone, 'data_corrupt', 'journal-0.jsonl');
    const both = new Map([...without(files, 'snapshot-21.json', 'journal-21.jsonl')]);
    both
      .set('snapshot-20.json', files.get('snapshot-21.json')!)
      .set('journal-20.jsonl', files.get('journal-21.jsonl')!);
    await refused(place, both, 'data_corrupt', 'snapshot-20.json');
  });
});

describe('journal: files of a later release', () => {
  it('are refused as such, journal and snapshot', async (t) => {
    const { place, files } = await written(t);
    const newer = (name: string) =>
      new Map([...files, [name, Buffer.from(files.get(name)!.toString().replace('"v":3', '"v":4'))]]);
    await refused(place, newer('journal-21.jsonl'), 'data_mismatch', 'journal-21.jsonl');
    await refused(place, newer('snapshot-21.json'), 'data_mismatch', 'snapshot-21.json');
  });

  it('are refused as such when only an event has a type of a later release', async (t) => {
    const place = await Place.make(t);
    const events = [added, { ...given(2), type: 'ip_cooled' } as unknown as PoolEvent];
    await refused(place, new Map([['LOCK', Buffer.alloc(0)], journal(events)]), 'data_mismatch');
    await refused(place, new Map([['LOCK', Buffer.alloc(0)], ...snapshot(events)]), 'data_mismatch');
  });
});

describe('journal: a history that contradicts itself', () => {
  const histories: Readonly<Record<string, PoolEvent[]>> = {
    'an address given twice': [added, given(2), { ...given(2), vm_id: 'vm3' }],
    'two addresses for one VM': [added, given(2), { ...given(3), vm_id: 'vm2' }],
    'a release of what is free': [added, released(2)],
    'no network': [given(2)],
  };
  for (const [what, events] of Object.entries(histories)) {
    it(`is refused although every byte of it is sound: ${what}`, async (t) => {
      const place = await Place.make(t);
      await refused(place, new Map([['LOCK', Buffer.alloc(0)], journal(events)]), 'data_corrupt', 'journal-0.jsonl');
      await refused(
        place,
        new Map([['LOCK', Buffer.alloc(0)], ...snapshot(events)]),
        'data_corrupt',
        'snapshot-9.json',
      );
    });
  }

  it('is refused when a number is missing or comes twice', async (t) => {
    const place = await Place.make(t);
    for (const seqs of [
      [1, 3],
      [1, 1],
      [2, 3],
      [1, 0],
    ]) {
      await refused(place, new Map([['LOCK', Buffer.alloc(0)], journal([added, given(2)], seqs)]), 'data_corrupt');
    }
  });
});

function journal(events: readonly PoolEvent[], seqs?: readonly number[]): [string, Buffer] {
  const header = encodeHeader(0, 0, 'now');
  let text = header.line;
  let chain = header.crc;
  events.forEach((event, i) => {
    const { line, crc } = encodeRecord(seqs?.[i] ?? i + 1, event, false, text.length, chain);
    text += line;
    chain = crc;
  });
  return ['journal-0.jsonl', Buffer.from(text)];
}

function snapshot(events: readonly PoolEvent[]): [string, Buffer][] {
  const lines = events.map((event) => JSON.stringify(event)).join(',\n');
  const open = `{"v":3,"snapshot":"ippool","seq":9,"chain":"00000000","created":"now","families":["pool"],"events":[\n${lines}\n],"count":${events.length}`;
  const sealed = `${open},"crc":"${crc32(open).toString(16).padStart(8, '0')}"}\n`;
  return [
    ['snapshot-9.json', Buffer.from(sealed)],
    ['journal-9.jsonl', Buffer.from(encodeHeader(9, 0, 'now').line)],
  ];
}
