import { setTimeout as sleep } from 'node:timers/promises';
import type { Machine } from '../network.ts';
import { type Fault, fired } from './fault.ts';

const CUT_MS = 4_000;
/** A node without etcd responds with an error within this time. */
const REFUSAL_MS = 3_000;
/** Allowance for a request that waits on a busy machine. */
const NOISE_MS = 500;

/** Returns how many packets were lost. */
async function apart(machine: Machine, from: readonly Machine[], meanwhile: () => Promise<void>): Promise<number> {
  for (const other of from) machine.cut(other);
  try {
    await meanwhile();
    return machine.dropped;
  } finally {
    machine.mend();
  }
}

export const PARTITIONS: readonly Fault[] = [
  {
    name: 'leader cut off from its peers',
    short: true,
    async strike({ cluster }) {
      const leader = await cluster.leader();
      const peers = cluster.members.filter((member) => member !== leader).map((member) => cluster.machineOf(member));
      let next = leader;
      const dropped = await apart(cluster.machineOf(leader), peers, async () => {
        next = await cluster.otherLeader(leader);
        await sleep(CUT_MS / 2);
      });
      return fired(dropped > 0 && next !== leader, `${dropped} packets lost, ${next.name} leads`);
    },
  },
  {
    name: 'leader cut off from everybody',
    async strike({ cluster }) {
      const leader = await cluster.leader();
      const own = cluster.machineOf(leader);
      const others = [
        ...cluster.members.map((member) => cluster.machineOf(member)),
        ...cluster.nodes.map((node) => node.machine),
      ];
      let next = leader;
      const dropped = await apart(
        own,
        others.filter((machine) => machine !== own),
        async () => {
          next = await cluster.otherLeader(leader);
          await sleep(CUT_MS);
        },
      );
      return fired(dropped > 0 && next !== leader, `${dropped} packets lost, ${next.name} leads`);
    },
  },
  {
    name: 'node cut off from etcd',
    short: true,
    async strike({ cluster, load }) {
      const { machine } = cluster.nodes[2]!;
      load.resetTally();
      const dropped = await apart(
        machine,
        cluster.members.map((member) => cluster.machineOf(member)),
        () => sleep(CUT_MS),
      );
      const { count, slowest } = load.tally.get('store_unavailable') ?? { count: 0, slowest: 0 };
      const said = `${dropped} packets lost, ${count} times 503, the slowest after ${Math.round(slowest)} ms`;
      if (slowest > REFUSAL_MS + NOISE_MS) throw new Error(`too late: ${said}`);
      return fired(dropped > 0 && count > 0, said);
    },
  },
];
