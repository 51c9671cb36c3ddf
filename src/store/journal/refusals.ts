import { PoolError } from '../../errors.ts';
import { ioError, journalName, listFolder, noData } from './folder.ts';
import { isFull } from './log.ts';

// Why a journal does not open, or does not commit.

/** A commit that was not written. @param reason why the journal does not accept it */
export function unavailable(reason: string): PoolError {
  return new PoolError('store_unavailable', `Nothing was changed: the journal cannot be written to (${reason})`);
}

/** A full disk may have room later and is worth another start, unlike one that fails. */
export function openError(dir: string, error: unknown): PoolError {
  if (error instanceof PoolError) return error; // also a failed sync, whatever its reason
  if (!isFull(error)) return ioError(`open the data folder ${dir}`, error);
  return new PoolError('storage_full', `No room to open ${dir}: free space and start again`, { dir }, error);
}

/** @throws PoolError `data_mismatch` for a folder without journals and snapshots */
export async function refuseEmpty(dir: string): Promise<void> {
  const { journals, snapshots } = await listFolder(dir);
  if (journals.length === 0 && snapshots.length === 0) throw noData(dir);
}

/** A folder with a signed lock and nothing else: an empty pool would allocate addresses twice. */
export function lostJournal(dir: string): PoolError {
  return new PoolError(
    'data_corrupt',
    `${dir} has lost its journal: ippool has served from it before. Put its files back; to begin with an empty pool delete LOCK too`,
    { file: journalName(0), offset: 0, rule: 'generation' },
  );
}
