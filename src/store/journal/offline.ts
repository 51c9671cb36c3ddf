import type { FileHandle } from 'node:fs/promises';
import { PoolError } from '../../errors.ts';
import type { Families } from '../families.ts';
import { ioError, listFolder, noData } from './folder.ts';
import { lockFolder, lockForReading } from './lock.ts';
import { recover } from './recover.ts';
import { type Repaired, repairFolder } from './repair.ts';
import { type Verified, verifyFolder } from './verify.ts';

// What the command line does with a data folder while no server uses it; everything here takes the lock of the folder first.
// A registry names the families that a folder may hold; its own state is not used.

/** Names every rule that the files of a folder break; see {@link verifyFolder}. @throws PoolError `data_locked` */
export function verify(dir: string, registry: Families): Promise<Verified> {
  return locked(dir, () => verifyFolder(dir, registry));
}

/**
 * Makes a damaged folder fit for a start; see {@link repairFolder}.
 *
 * @param now milliseconds since 1970, for the names of the files that are replaced
 * @throws PoolError `data_locked`, `data_corrupt`, `data_mismatch`
 */
export function repair(dir: string, registry: Families, acceptLoss: boolean, now: number): Promise<Repaired> {
  const time = new Date(now).toISOString();
  return locked(dir, () => repairFolder(dir, registry, acceptLoss, time), lockToChange);
}

/** Reads the state of a folder and changes nothing in it. @throws PoolError `data_locked`, `data_corrupt`, `data_mismatch` */
export function load(dir: string, registry: Families): Promise<Families> {
  return inspect(dir, registry, (families) => Promise.resolve(families));
}

/** Works on the state of a folder while the folder stays locked. @throws PoolError as {@link load} */
export function inspect<T>(dir: string, registry: Families, work: (families: Families) => Promise<T>): Promise<T> {
  return locked(dir, async () => {
    const families = registry.empty();
    const { last } = await recover(dir, families);
    if (!last) throw noData(dir);
    return work(families);
  });
}

async function lockToChange(dir: string): Promise<FileHandle> {
  const { journals, snapshots } = await listFolder(dir);
  if (journals.length + snapshots.length === 0) throw noData(dir);
  return lockFolder(dir);
}

async function locked<T>(
  dir: string,
  work: () => Promise<T>,
  take: (dir: string) => Promise<FileHandle | undefined> = lockForReading,
): Promise<T> {
  const lock = await take(dir);
  try {
    return await work();
  } catch (error) {
    throw error instanceof PoolError ? error : ioError(`read ${dir}`, error);
  } finally {
    await lock?.close();
  }
}
