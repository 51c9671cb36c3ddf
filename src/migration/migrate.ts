import { PoolError } from '../errors.ts';
import { admit } from '../pool/invariants.ts';
import { Pool } from '../pool/pool.ts';
import { snapshotOf } from '../pool/snapshot.ts';
import type { Image } from '../store/etcd/image.ts';
import { createFolder } from '../store/journal/create.ts';
import { inspect, load } from '../store/journal/offline.ts';
import { type Summary, summaryOf } from './checksum.ts';

// Moves everything from a data folder to etcd, and back: what is, not what was. History stays where it happened.

/**
 * Moves a data folder to etcd. The folder stays as it is, and is locked meanwhile.
 *
 * @throws PoolError `data_mismatch` when something is there already, `data_locked` when a server holds the folder
 */
export function toEtcd(dir: string, image: Image): Promise<Summary> {
  return inspect(dir, async (pool) => {
    const summary = summaryOf(pool);
    await image.begin();
    await image.write(snapshotOf(pool));
    verify(summary, await read(image));
    await image.finish();
    return summary;
  });
}

/**
 * Moves what etcd holds to a new data folder. etcd stays as it is.
 *
 * @param created milliseconds since 1970
 * @throws PoolError `data_mismatch` when the folder holds something, or etcd nothing; `data_locked` while nodes run
 */
export async function fromEtcd(image: Image, dir: string, created: number): Promise<Summary> {
  await image.refuseLive();
  const pool = await read(image);
  if ([...pool.networks].length === 0) throw new PoolError('data_mismatch', `etcd holds nothing at ${image.prefix}`);
  const summary = summaryOf(pool);
  await image.refuseLive(); // nor is one now that has started meanwhile
  await createFolder(dir, snapshotOf(pool), new Date(created).toISOString());
  verify(summary, await load(dir));
  return summary;
}

async function read(image: Image): Promise<Pool> {
  const pool = new Pool();
  await image.read((event) => {
    const contradiction = admit(pool, event);
    if (contradiction !== undefined) throw new PoolError('data_corrupt', `etcd at ${image.prefix}: ${contradiction}`);
  });
  return pool;
}

function verify(expected: Summary, pool: Pool): void {
  const found = summaryOf(pool);
  const wrong = (Object.keys(expected) as (keyof Summary)[]).find((name) => expected[name] !== found[name]);
  if (wrong === undefined) return;
  const what = `${wrong} is ${found[wrong]} instead of ${expected[wrong]}`;
  throw new PoolError('data_corrupt', `What arrived is not what was sent: ${what}. Do not start from it`, {
    field: wrong,
  });
}
