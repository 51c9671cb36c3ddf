import { randomBytes } from 'node:crypto';
import type { Config } from '../config/load.ts';
import type { Pool } from '../pool/pool.ts';
import type { Image } from '../store/etcd/image.ts';
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

/** What the command line does with a data folder that nobody serves from. */
export const offline = {
  verify,
  repair,
  load: async (dir: string) => {
    const pool = await load(dir);
    const networks = [...pool.networks].map(({ id, cidrText, gatewayText, settings }) => {
      return { id, cidr: cidrText, gateway: gatewayText, ...settings };
    });
    return { networks, allocations: exported(pool) };
  },
} as const;

function* exported(pool: Pool) {
  for (const network of pool.networks) {
    for (const { offset, vm_id, nic, allocated_at, attributes } of network.allocations()) {
      const at = new Date(allocated_at).toISOString();
      yield { network: network.id, ip: network.ipAt(offset), vm_id, nic, ...attributes, allocated_at: at };
    }
  }
}
