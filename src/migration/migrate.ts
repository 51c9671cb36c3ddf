import { PoolError } from '../errors.ts';
import type { Image } from '../store/etcd/image.ts';
import type { Families } from '../store/families.ts';
import { createFolder } from '../store/journal/create.ts';
import { inspect, load } from '../store/journal/offline.ts';
import { type Summary, summaryOf } from './checksum.ts';

// Moves the state of a data folder to etcd, or back. The history stays where it is.

/**
 * Moves a data folder to etcd. The folder stays as it is, and is locked meanwhile.
 *
 * @param registry the families that the folder may hold; their state is not used
 * @throws PoolError `data_mismatch` when etcd has data already, or cannot hold a family of the folder; `data_locked` when a
 *   server uses the folder
 */
export function toEtcd(dir: string, image: Image, registry: Families): Promise<Summary> {
  return inspect(dir, registry, async (families) => {
    const summary = summaryOf(families);
    const snapshot = families.snapshot();
    const unsupported = snapshot.families.find((name) => !image.families.includes(name));
    if (unsupported !== undefined) throw cannotHold(unsupported);
    await image.begin();
    await image.write(snapshot.events);
    verify(summary, await read(image, registry));
    await image.finish();
    return summary;
  });
}

/**
 * Moves the state in etcd to a new data folder. etcd stays as it is.
 *
 * @param registry the families that etcd may hold; their state is not used
 * @param created milliseconds since 1970
 * @throws PoolError `data_mismatch` when the folder has data already, or etcd has none; `data_locked` while nodes run
 */
export async function fromEtcd(image: Image, dir: string, registry: Families, created: number): Promise<Summary> {
  await image.refuseLive();
  const families = await read(image, registry);
  if (families.isEmpty()) throw new PoolError('data_mismatch', `etcd holds nothing at ${image.prefix}`);
  const summary = summaryOf(families);
  await image.refuseLive(); // a node may have started meanwhile
  await createFolder(dir, families.snapshot(), new Date(created).toISOString());
  verify(summary, await load(dir, registry));
  return summary;
}

async function read(image: Image, registry: Families): Promise<Families> {
  const families = registry.empty();
  await image.read((event) => {
    const violation = families.admit(event);
    if (violation !== undefined) throw new PoolError('data_corrupt', `etcd at ${image.prefix}: ${violation}`);
  });
  return families;
}

function verify(expected: Summary, families: Families): void {
  const found = summaryOf(families);
  const wrong = (Object.keys(expected) as (keyof Summary)[]).find((name) => expected[name] !== found[name]);
  if (wrong === undefined) return;
  const what = `${wrong} is ${found[wrong]} instead of ${expected[wrong]}`;
  throw new PoolError('data_corrupt', `What arrived is not what was sent: ${what}. Do not start from it`, {
    field: wrong,
  });
}

function cannotHold(family: string): PoolError {
  return new PoolError(
    'data_mismatch',
    `The folder holds events of the family ${family}, which etcd cannot hold yet. Nothing was changed. Keep serving from the folder`,
    { family },
  );
}
