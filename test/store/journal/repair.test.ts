import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { repairFolder } from '../../../src/store/journal/repair.ts';
import { added, given, givenAll, released } from './history.ts';
import { type Files, Place } from './place.ts';
import { read } from './text.ts';
import { familiesOf } from '../../support/families.ts';

const TIME = '2026-01-02T03:04:05.678Z';

/** journal-0, snapshot-6 and journal-6, which has three records more. */
async function written(t: TestContext) {
  const place = await Place.make(t);
  await place.compact(added, ...givenAll(2, 6));
  const session = await place.open();
  await session.commit(given(7), released(2));
  await session.commit(given(8));
  await session.close();
  return { place, files: await place.files(), state: session.state() };
}

/** The folder with the header of one journal damaged. */
async function damaged(place: Place, files: Files, name: string, change: (header: Buffer) => Buffer): Promise<void> {
  const bytes = files.get(name)!;
  const end = bytes.indexOf('\n');
  await place.restore(files);
  await writeFile(place.path(name), Buffer.concat([change(Buffer.from(bytes.subarray(0, end))), bytes.subarray(end)]));
}

describe('journal: a damaged header', () => {
  it('is refused by a start and mended by a repair, which loses nothing, whatever changed in it', async (t) => {
    const { place, files, state } = await written(t);
    const name = 'journal-6.jsonl';
    const length = files.get(name)!.indexOf('\n');
    for (let at = 0; at < length; at += 3) {
      await damaged(place, files, name, (header) => header.fill(header[at]! ^ 0x01, at, at + 1));
      await assert.rejects(read(place), { code: 'data_corrupt' }, `byte ${at}`);
      const { done, lost } = await repairFolder(place.dir, familiesOf(), false, TIME);
      assert.deepEqual([done.length, lost], [1, []], `byte ${at}`);
      assert.deepEqual((await read(place)).state, state, `byte ${at}`);
    }
  });

  it('loses nothing in the middle of a chain of journals, either', async (t) => {
    const { place, files, state } = await written(t);
    const chain = new Map([...files].filter(([name]) => name !== 'snapshot-6.json'));
    for (const name of ['journal-0.jsonl', 'journal-6.jsonl']) {
      await damaged(place, chain, name, (header) => header.fill(0));
      await assert.rejects(read(place), { code: 'data_corrupt' }, name);
      assert.deepEqual((await repairFolder(place.dir, familiesOf(), false, TIME)).lost, [], name);
      assert.deepEqual((await read(place)).state, state, name);
    }
  });

  it('behind which no record is left may have had some: that is a loss', async (t) => {
    const { place, files } = await written(t);
    for (const rest of ['', '{"v":1,"journal":"ippool","ba', '\0'.repeat(512), '\0'.repeat(300) + '"}\n']) {
      await place.restore(new Map([...files, ['journal-6.jsonl', Buffer.from(rest)]]));
      const before = await place.files();
      const label = JSON.stringify(rest.slice(0, 30));
      await assert.rejects(repairFolder(place.dir, familiesOf(), false, TIME), { code: 'data_corrupt' }, label);
      assert.deepEqual(await place.files(), before);
      assert.equal((await repairFolder(place.dir, familiesOf(), true, TIME)).lost.length, 1, label);
    }
  });
});
