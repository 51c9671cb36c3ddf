import { setTimeout as sleep } from 'node:timers/promises';
import { type Fault, fired } from './fault.ts';

export const KILLS: readonly Fault[] = [
  {
    name: 'kill -9 of a node',
    short: true,
    async strike({ cluster: { nodes } }) {
      const node = nodes[1]!;
      const { pid } = node;
      await node.kill('SIGKILL');
      await sleep(500);
      await node.startWithRetry();
      return fired(pid !== node.pid, `process ${pid} is ${node.pid} now`);
    },
  },
  {
    name: 'kill -9 of the leader',
    short: true,
    async strike({ cluster }) {
      const leader = await cluster.leader();
      await leader.kill('SIGKILL');
      const next = await cluster.otherLeader(leader);
      await leader.start();
      return fired(next !== leader, `${next.name} leads instead of ${leader.name}`);
    },
  },
  {
    name: 'kill -9 of a follower',
    async strike({ cluster }) {
      const follower = await cluster.follower();
      const { pid } = follower;
      await follower.kill('SIGKILL');
      await sleep(2_000);
      await follower.start();
      return fired(pid !== follower.pid, `process ${pid} is ${follower.pid} now`);
    },
  },
  {
    name: 'all members at once',
    short: true,
    async strike({ cluster: { members } }) {
      const before = members.map(({ pid }) => pid);
      await Promise.all(members.map((member) => member.kill('SIGKILL')));
      await Promise.all(members.map((member) => member.start()));
      const after = members.map(({ pid }) => pid);
      return fired(
        after.every((pid) => !before.includes(pid)),
        `processes ${before.join(' ')} are ${after.join(' ')} now`,
      );
    },
  },
];
