import assert from 'node:assert/strict';
import { chmod, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { PoolError } from '../../../src/errors.ts';
import { added, given } from './history.ts';
import { Place } from './place.ts';
import { acceptingFamilies } from '../../support/families.ts';

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

describe('journal.open', () => {
  it('makes the folder and those above it for its owner only, and all files in it', async (t) => {
    const place = await Place.make(t);
    const dir = join(place.dir, 'deep', 'down');
    const before = process.umask(0);
    t.after(() => process.umask(before));
    const journal = place.journal({
      dir,
      compactBytes: 1,
      compactRatio: 0,
      families: acceptingFamilies(() => [added]),
    });
    await journal.open(() => undefined);
    for (let n = 1; n <= 3; n++) await journal.commit([given(n)]);
    await journal.close();
    const names = await readdir(dir);
    assert.ok(names.some((name) => name.startsWith('snapshot-')) && names.includes('LOCK'), names.join());
    for (const name of names) assert.equal(await modeOf(join(dir, name)), '600', name);
    for (const folder of [dir, dirname(dir), place.dir]) assert.equal(await modeOf(folder), '700', folder);
  });

  it('keeps a torn copy for the owner only, too', async (t) => {
    const place = await Place.make(t);
    await place.compact(added);
    const files = await place.files();
    await place.restore(
      new Map([...files, ['journal-1.jsonl', Buffer.concat([files.get('journal-1.jsonl')!, Buffer.from('{"se')])]]),
    );
    await chmod(place.path('journal-1.jsonl'), 0o600);
    await (await place.open()).close();
    const copy = (await readdir(place.dir)).find((name) => name.includes('.torn-'))!;
    assert.match(copy, /^journal-1\.jsonl\.torn-[\dT.Z-]+$/);
    assert.equal(await modeOf(place.path(copy)), '600');
  });

  it('refuses a folder that is in use, and leaves it in use', async (t) => {
    const place = await Place.make(t);
    const first = await place.open();
    await first.commit(added);
    const before = await place.files();
    await assert.rejects(place.open(), { code: 'data_locked' });
    await assert.rejects(place.open(), { code: 'data_locked' });
    assert.deepEqual(await place.files(), before);
    await first.commit(given(2));
    await first.close();
    assert.deepEqual((await place.open()).state(), first.state());
  });

  it('lets go of a folder that it refused', async (t) => {
    const place = await Place.make(t);
    await place.compact(added);
    const refusal = new PoolError('data_mismatch', 'another network');
    const refuse = () => {
      throw refusal;
    };
    const before = await place.files();
    await assert.rejects(place.open({ accept: refuse }), refusal);
    assert.deepEqual(await place.files(), before);
    await place.open();
  });

  it('asks after the history and before it changes anything, a torn end included', async (t) => {
    const place = await Place.make(t);
    await place.compact(added, given(2));
    const files = await place.files();
    const torn = Buffer.concat([files.get('journal-2.jsonl')!, Buffer.from('{"seq":3,')]);
    const before = new Map([...files, ['journal-2.jsonl', torn], ['snapshot-9.json.tmp', Buffer.from('{')]]);
    await place.restore(before);
    let asked = 0;
    const accept = () => {
      asked++;
      throw new PoolError('data_mismatch', 'another network');
    };
    await assert.rejects(place.open({ accept }), { code: 'data_mismatch' });
    assert.equal(asked, 1);
    const now = await place.files();
    assert.deepEqual([...now.keys()].sort(), [...before.keys()].sort());
    for (const [name, bytes] of before) assert.deepEqual(now.get(name), bytes, name);
  });

  it('refuses an empty folder where one was required, and makes none', async (t) => {
    const place = await Place.make(t);
    await assert.rejects(place.open({ requireExisting: true }), { code: 'data_mismatch' });
    await assert.rejects(stat(place.dir), { code: 'ENOENT' });
    await place.restore(new Map());
    await assert.rejects(place.open({ requireExisting: true }), { code: 'data_mismatch' });
    assert.deepEqual(await readdir(place.dir), []);
  });

  it('takes a folder that is not empty where one was required', async (t) => {
    const place = await Place.make(t);
    await place.compact(added);
    await place.open({ requireExisting: true });
  });

  it('says data_io for a folder that cannot be one', async (t) => {
    const place = await Place.make(t);
    await place.compact(added);
    await assert.rejects(place.open({ dir: place.path('LOCK') }), { code: 'data_io' });
  });
});
