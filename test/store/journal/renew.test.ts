import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { crc32 } from 'node:zlib';
import { seal } from '../../../src/store/journal/codec/format.ts';
import { verifyFolder } from '../../../src/store/journal/verify.ts';
import { added, given, givenAll } from './history.ts';
import { type Files, Place } from './place.ts';
import { familiesOf } from '../../support/families.ts';

// A journal of an earlier format version is read and never appended to: a program that knows only that version refuses the
// folder from the first moment on at which there may be events in it that it would read wrongly.

/** Files as an earlier release wrote them: the same bytes but for the head, and the checksums that follow from it. */
function asVersion(v: 1 | 2, files: Files): Files {
  let last = 0;
  const ends = new Map<number, number>();
  const older = [...files]
    .sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }))
    .map(([name, bytes]): [string, Buffer] => {
      if (!name.endsWith('.jsonl')) return [name, bytes];
      const [header = '', ...lines] = bytes.toString().trimEnd().split('\n');
      const { base } = JSON.parse(header) as { base: number };
      const open = (line: string) => line.slice(0, line.lastIndexOf(',"crc"'));
      const first = seal(
        open(header)
          .replace('"v":3', `"v":${v}`)
          .replace(/"prev":"\w+"/, `"prev":"${hex(last)}"`),
        last,
      );
      last = first.crc;
      let text = first.line;
      for (const line of lines) {
        const sealed = seal(open(line), last);
        text += sealed.line;
        last = sealed.crc;
      }
      if (lines.length > 0) ends.set(base + lines.length, last);
      return [name, Buffer.from(text)];
    });
  return new Map(
    older.map(([name, bytes]) => {
      if (!name.startsWith('snapshot-')) return [name, bytes];
      const text = bytes
        .toString()
        .replace('"v":3', `"v":${v}`)
        .replace(/,"families":\[.*?\]/, '');
      const seq = Number(/\d+/.exec(name)?.[0]);
      const chained = text.replace(/"chain":"\w+"/, `"chain":"${hex(ends.get(seq) ?? 0)}"`);
      const body = chained.slice(0, chained.lastIndexOf(',"crc"'));
      return [name, Buffer.from(`${body},"crc":"${hex(crc32(body))}"}\n`)];
    }),
  );
}

const hex = (crc: number) => crc.toString(16).padStart(8, '0');

const versionOf = (bytes: Buffer | undefined) =>
  Number(/^\{"v":(\d+),/.exec(bytes?.toString('latin1', 0, 20) ?? '')?.[1]);

/** A folder of an earlier version whose newest journal has records, or none. */
async function older(t: TestContext, last: 'records' | 'none', v: 1 | 2 = 1) {
  const place = await Place.make(t);
  await place.compact(added, ...givenAll(2, 5));
  const session = await place.open();
  if (last === 'records') await session.commit(given(6), given(7));
  await session.close();
  const files = asVersion(v, await place.files());
  await place.restore(files);
  return { place, files, state: session.state() };
}

async function goesOn(place: Place, state: readonly string[]): Promise<void> {
  const session = await place.open();
  assert.deepEqual(session.state(), state);
  await session.commit(given(100));
  await session.close();
  const again = await place.open();
  assert.deepEqual(again.state(), session.state());
  await again.close();
  assert.deepEqual((await verifyFolder(place.dir, familiesOf())).findings, []);
}

describe('journal: a folder of an earlier format version that is opened', () => {
  for (const v of [1, 2] as const) {
    it(`goes on in a new journal and leaves the old one as it is: version ${v}`, async (t) => {
      const { place, files, state } = await older(t, 'records', v);
      await goesOn(place, state);
      const after = await place.files();
      assert.equal(versionOf(files.get('journal-5.jsonl')), v);
      assert.deepEqual(after.get('journal-5.jsonl'), files.get('journal-5.jsonl'));
      assert.equal(versionOf(after.get('journal-7.jsonl')), 3);
      assert.match(String(after.get('journal-7.jsonl')), /"seq":8,.*"vm100"/);
    });
  }

  it('has its new journal before anything is committed, and a snapshot of that point', async (t) => {
    const { place, state } = await older(t, 'records');
    const logs: string[] = [];
    let compacted: () => void;
    const snapshot = new Promise<void>((resolve) => (compacted = resolve));
    const log = (_level: string, _facts: unknown, message: string) => {
      logs.push(message);
      if (message === 'journal compacted') compacted();
    };
    const session = await place.open({ log });
    assert.equal(versionOf(await readFile(place.path('journal-7.jsonl'))), 3);
    await snapshot;
    await session.close();
    assert.ok(logs.includes('the journal goes on in a newer format'), logs.join());
    const after = await place.files();
    assert.equal(versionOf(after.get('snapshot-7.json')), 3);
    assert.equal(String(after.get('snapshot-7.json')).split('\n').length - 3, state.length);
  });

  it('replaces a newest journal without a record: a journal is named after the record before it', async (t) => {
    const { place, files, state } = await older(t, 'none');
    assert.equal(versionOf(files.get('journal-5.jsonl')), 1);
    await goesOn(place, state);
    const after = await place.files();
    assert.equal(versionOf(after.get('journal-5.jsonl')), 3);
    assert.deepEqual(after.get('snapshot-5.json'), files.get('snapshot-5.json'));
  });

  it('replaces a first journal without a record, too', async (t) => {
    const place = await Place.make(t);
    await (await place.open()).close();
    await place.restore(asVersion(2, await place.files()));
    const session = await place.open();
    await session.commit(added);
    await session.close();
    assert.equal(versionOf((await place.files()).get('journal-0.jsonl')), 3);
    assert.deepEqual((await place.open()).state(), session.state());
  });

  it('reads the same after a crash at any step of that', async (t) => {
    const { place, files, state } = await older(t, 'records');
    await (await place.open()).close();
    const after = await place.files();
    const journal = after.get('journal-7.jsonl')!;
    const steps: Files[] = [
      new Map([...files, ['journal-7.jsonl.tmp', journal.subarray(0, 20)]]),
      new Map([...files, ['journal-7.jsonl', journal]]),
      new Map([...files, ['journal-7.jsonl', journal], ['snapshot-7.json.tmp', Buffer.from('{"v":3')]]),
    ];
    for (const step of steps) {
      await place.restore(step);
      await goesOn(place, state);
    }
  });

  it('loses its torn end first', async (t) => {
    const { place, files, state } = await older(t, 'records');
    const name = 'journal-5.jsonl';
    await place.restore(new Map([...files, [name, Buffer.concat([files.get(name)!, Buffer.from('{"seq":8,"ev')])]]));
    await goesOn(place, state);
    assert.deepEqual((await place.files()).get(name), files.get(name));
  });

  it('is not renewed twice', async (t) => {
    const { place } = await older(t, 'records');
    await (await place.open()).close();
    const journals = async () => [...(await place.files()).keys()].filter((name) => name.endsWith('.jsonl'));
    const before = await journals();
    await (await place.open()).close();
    assert.deepEqual(await journals(), before);
  });
});
