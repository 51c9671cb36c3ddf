import { PoolError } from '../../pool/errors.ts';
import type { PoolEvent } from '../../pool/events.ts';
import { deleteUnfinished, listFolder, makeFolder, syncFolder } from './folder.ts';
import { lockFolder, signLock } from './lock.ts';
import { Log } from './log.ts';
import { writeSnapshot } from './snapshot.ts';

/** The state that such a folder begins with stands for one record: history begins behind it. */
const FIRST = { seq: 1, chain: 0 };

/**
 * Makes a data folder that begins with a state.
 *
 * @param created when; RFC 3339
 * @throws PoolError `data_mismatch` when it holds something already
 */
export async function createFolder(dir: string, events: Iterable<PoolEvent>, created: string): Promise<void> {
  await makeFolder(dir);
  const lock = await lockFolder(dir);
  try {
    const { journals, snapshots, segments, unfinished } = await listFolder(dir);
    if (journals.length + snapshots.length + segments.length > 0) {
      throw new PoolError('data_mismatch', `${dir} holds data already: nothing was changed. Name a new folder`, {
        dir,
      });
    }
    await deleteUnfinished(dir, { journals, snapshots, segments, unfinished, indexes: [] });
    const log = await Log.create(dir, FIRST.seq, FIRST.chain, created);
    await log.close();
    await writeSnapshot(dir, FIRST, events, created);
    await syncFolder(dir);
    await signLock(lock, process.pid);
  } finally {
    await lock.close();
  }
}
