import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, fired } from './fault.ts';

const PAUSE_MS = 5_000;

interface Stoppable {
  readonly pid: number;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Returns the state of the process according to the kernel during the pause: T is stopped. */
async function pause(process: Stoppable, meanwhile?: () => Promise<void>): Promise<string> {
  await process.kill('SIGSTOP');
  try {
    await sleep(PAUSE_MS);
    await meanwhile?.();
    return /\) (\w)/.exec(readFileSync(`/proc/${process.pid}/stat`, 'utf8'))?.[1] ?? '';
  } finally {
    await process.kill('SIGCONT');
  }
}

export const PAUSES: readonly Fault[] = [
  {
    name: 'SIGSTOP of a node, 5 s',
    async strike({ cluster: { nodes } }) {
      const state = await pause(nodes[2]!);
      return fired(state === 'T', `state ${state}`);
    },
  },
  {
    name: 'SIGSTOP of the leader, 5 s',
    short: true,
    async strike({ cluster }) {
      const leader = await cluster.leader();
      let next = leader;
      const state = await pause(leader, async () => {
        next = await cluster.otherLeader(leader);
      });
      return fired(state === 'T' && next !== leader, `state ${state}, ${next.name} leads instead of ${leader.name}`);
    },
  },
  {
    name: 'SIGSTOP of a follower, 5 s',
    async strike({ cluster }) {
      const state = await pause(await cluster.follower());
      return fired(state === 'T', `state ${state}`);
    },
  },
];
