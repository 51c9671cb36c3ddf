import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startEtcd } from '../../support/etcd.ts';
import type { Count, Order, Run } from '../cluster/worker.ts';
import { cpuMicroseconds } from '../machine.ts';
import { casesOf, DURABLE, letGo, type Peer, type PeerOptions, type Sample } from './peer.ts';
import type { Place } from './place.ts';

/** One member: what it writes goes to the temporary folder, which is the place's. */
export async function startPlainEtcd(_place: Place, { seconds, quick }: PeerOptions): Promise<Peer> {
  const etcd = await startEtcd();
  const [member] = etcd.members;
  const worker = fork(fileURLToPath(new URL('../cluster/worker.ts', import.meta.url)), [], {
    execArgv: ['--import', 'tsx'],
  });
  worker.send({ kind: 'plain', endpoints: etcd.endpoints, prefix: '/peers/', cidr: '', node: 'n' } satisfies Order);
  await once(worker, 'message');
  const run = async (callers: number, limit: number): Promise<Sample> => {
    const pid = member?.pid ?? 0;
    const before = cpuMicroseconds(pid);
    const answer = once(worker, 'message');
    worker.send({ callers, seconds: limit } satisfies Run);
    const [{ done, failed, seconds }] = (await answer) as [Count];
    if (failed > 0) throw new Error(`${failed} transactions failed`);
    return { rate: done / seconds, cpu: (cpuMicroseconds(pid) - before) / done };
  };
  await run(32, quick ? 0.2 : 2);
  return {
    name: `etcd ${await versionOf(etcd.endpoints[0] ?? '')}`,
    unit: 'transaction',
    note: 'etcd: one member, one transaction of two keys for each request, from one process over gRPC; it chooses no address.',
    cases: casesOf(run, seconds),
    keeps: () => Promise.resolve(DURABLE),
    stop: async () => {
      await letGo(worker);
      await etcd.stop();
    },
  };
}

async function versionOf(url: string): Promise<string> {
  const { etcdserver } = (await (await fetch(`${url}/version`)).json()) as { etcdserver: string };
  return etcdserver;
}
