import { setTimeout as sleep } from 'node:timers/promises';
import type { Cluster } from '../cluster.ts';
import { type Fault, fired } from './fault.ts';

const MIB = 2 ** 20;
/** Keys that fill the quota and are not ippool's. */
const JUNK = 'junk/';

export const STORAGE: readonly Fault[] = [
  {
    name: 'compaction during churn',
    short: true,
    async strike({ cluster }) {
      // One node is suspended meanwhile: compaction removes revisions that it has not seen.
      const [node] = cluster.nodes;
      await node!.kill('SIGSTOP');
      const first = await compact(cluster);
      let last = first;
      try {
        for (let i = 0; i < 5; i++) {
          await sleep(500);
          last = await compact(cluster);
        }
      } finally {
        await node!.kill('SIGCONT');
      }
      return fired(last > first, `from revision ${first} to ${last}, ${node!.name} asleep`);
    },
  },
  {
    name: 'quota full and recovered',
    async strike({ cluster }) {
      const etcd = cluster.gateway(await cluster.leader());
      const raised = await fill(cluster);
      await sleep(2_000);
      await etcd.removeAll(JUNK);
      await compact(cluster);
      for (const member of cluster.members) await cluster.gateway(member).defragment();
      await etcd.disarm();
      const left = await etcd.alarms();
      return fired(raised === 'NOSPACE' && left.length === 0, `alarm ${raised ?? 'none'}, then ${left.length} left`);
    },
  },
];

async function compact(cluster: Cluster): Promise<number> {
  const etcd = cluster.gateway(await cluster.leader());
  const revision = Number((await etcd.status()).revision);
  await etcd.compact(revision).catch((error: unknown) => {
    // On a busy machine, nothing may have been written since the last compaction.
    if (!String(error).includes('has been compacted')) throw error;
  });
  return revision;
}

/** Puts until etcd refuses. Returns its alarm. */
async function fill(cluster: Cluster): Promise<string | undefined> {
  const etcd = cluster.gateway(await cluster.leader());
  const value = 'x'.repeat(MIB);
  for (let i = 0; i < 200; i++) {
    const [raised] = await etcd.alarms();
    if (raised) return raised.alarm;
    await etcd.change([{ put: [`${JUNK}${i}`, value] }]).catch(() => sleep(100));
  }
  return undefined;
}
