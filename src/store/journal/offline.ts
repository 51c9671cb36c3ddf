import type { FileHandle } from 'node:fs/promises';
import { PoolError } from '../../errors.ts';
import { admit } from '../../pool/invariants.ts';
import { Pool } from '../../pool/pool.ts';
import { ioError, listFolder, noData } from './folder.ts';
import { lockFolder, lockForReading } from './lock.ts';
import { recover } from './recover.ts';
import { type Repaired, repairFolder } from './repair.ts';
import { type Verified, verifyFolder } from './verify.ts';

// What can be done with a data folder that nobody serves from: each takes its lock first.

/** Names every rule that a data folder breaks; see {@link verifyFolder}. @throws PoolError `data_locked` */
export function verify(dir: string): Promise<Verified> {
  return locked(dir, () => verifyFolder(dir));
}

/**
 * Makes a damaged folder one that can be started from; see {@link repairFolder}.
 *
 * @param now milliseconds since 1970, for the names of what is kept
 * @throws PoolError `data_locked`
 */
export function repair(dir: string, acceptLoss: boolean, now: number): Promise<Repaired> {
  return locked(dir, () => repairFolder(dir, acceptLoss, new Date(now).toISOString()), lockToChange);
}

/** The state that a folder holds, without changing it. @throws PoolError `data_locked`, `data_corrupt` */
export function load(dir: string): Promise<Pool> {
  return inspect(dir, (pool) => Promise.resolve(pool));
}

/** Works on the state that a folder holds, while nobody may serve from it. @throws PoolError as {@link load} */
export function inspect<T>(dir: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  return locked(dir, async () => {
    const pool = new Pool();
    const { last } = await recover(dir, (event) => admit(pool, event));
    if (!last) throw noData(dir);
    return work(pool);
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
