import { admit } from '../../pool/invariants.ts';
import { Pool } from '../../pool/pool.ts';
import { noData } from './folder.ts';
import { lockForReading } from './lock.ts';
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
  return locked(dir, () => repairFolder(dir, acceptLoss, new Date(now).toISOString()));
}

/** The state that a folder holds, without changing it. @throws PoolError `data_locked`, `data_corrupt` */
export function load(dir: string): Promise<Pool> {
  return locked(dir, async () => {
    const pool = new Pool();
    const { last } = await recover(dir, (event) => admit(pool, event));
    if (!last) throw noData(dir);
    return pool;
  });
}

async function locked<T>(dir: string, work: () => Promise<T>): Promise<T> {
  const lock = await lockForReading(dir);
  try {
    return await work();
  } finally {
    await lock?.close();
  }
}
