import { randomBytes } from 'node:crypto';
import type { Config } from '../config/load.ts';
import { PoolFamily } from '../pool/family.ts';
import type { Image } from '../store/etcd/image.ts';
import { Families } from '../store/families.ts';
import { load, repair, verify } from '../store/journal/offline.ts';

/** Works on all that etcd holds, as the settings name it, while no node runs. */
export async function withImage<T>(config: Config, work: (image: Image) => Promise<T>): Promise<T> {
  const { withImage: open } = await import('./cluster-node.ts');
  return open(config, { now: () => Date.now(), word }, work);
}

/** One that nobody has ever had. */
export function word(): string {
  return randomBytes(8).toString('hex');
}

/** The event families that a data folder may hold, without a state. */
export function emptyFamilies(): Families {
  return new Families([new PoolFamily()]);
}

/** What the command line does with a data folder while no server uses it. */
export const offline = {
  verify: (dir: string) => verify(dir, emptyFamilies()),
  /** @param now milliseconds since 1970 */
  repair: (dir: string, acceptLoss: boolean, now: number) => repair(dir, emptyFamilies(), acceptLoss, now),
  /** The state of a folder in sections, each a list. */
  export: async (dir: string) => (await load(dir, emptyFamilies())).export(),
} as const;
