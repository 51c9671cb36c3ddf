import { readFile, stat, unlink } from 'node:fs/promises';
import { PoolError } from '../../errors.ts';
import type { FamiliesSnapshot } from '../families.ts';
import { deleteUnfinished, listFolder, makeFolder, type Numbered, syncFolder } from './folder.ts';
import { lockFolder, signLock } from './lock.ts';
import { Log } from './log.ts';
import { writeSnapshot } from './snapshot.ts';

/** The state that such a folder begins with stands for one record: history begins behind it. */
const FIRST = { seq: 1, chain: 0 } as const;
/** Bytes: a journal that is longer holds records. */
const MAX_HEADER = 1024;

/**
 * Makes a data folder that begins with a state.
 *
 * @param created when; RFC 3339
 * @throws PoolError `data_mismatch` when it holds something already
 */
export async function createFolder(dir: string, snapshot: FamiliesSnapshot, created: string): Promise<void> {
  await makeFolder(dir);
  const lock = await lockFolder(dir);
  try {
    const { journals: found, snapshots, segments, unfinished } = await listFolder(dir);
    const journals = snapshots.length + segments.length > 0 ? found : await withoutRest(found);
    if (journals.length + snapshots.length + segments.length > 0) {
      throw new PoolError('data_mismatch', `${dir} holds data already: nothing was changed. Name a new folder`, {
        dir,
      });
    }
    await deleteUnfinished(dir, { journals, snapshots, segments, unfinished, indexes: [] });
    const log = await Log.create(dir, FIRST.seq, FIRST.chain, created);
    await log.close();
    await writeSnapshot(dir, FIRST, snapshot, created);
    await syncFolder(dir);
    await signLock(lock, process.pid);
  } finally {
    await lock.close();
  }
}

/** Deletes what was broken off below: a journal without a record, and without the state that it goes on from. */
async function withoutRest(journals: readonly Numbered[]): Promise<readonly Numbered[]> {
  const [rest, ...others] = journals;
  if (rest?.seq !== FIRST.seq || others.length > 0) return journals;
  if ((await stat(rest.path)).size > MAX_HEADER) return journals;
  const [, ...records] = (await readFile(rest.path, 'utf8')).split('\n');
  if (records.some((line) => line !== '')) return journals;
  await unlink(rest.path);
  return [];
}
