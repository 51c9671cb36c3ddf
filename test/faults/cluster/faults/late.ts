import { setTimeout as sleep } from 'node:timers/promises';
import type { Delay } from '../delay.ts';
import type { Fault } from './fault.ts';

/** How often it is tried: the request may ride on a connection that the node gives up for other reasons. */
const TIMES = 3;

export const LATE: readonly Fault[] = [
  {
    // node ──── allocate ─────────────────────────────────────> etcd: it must not be done any more
    //      └─── allocate ──> done     release ──> done
    name: 'late first attempt, after its retry and a release',
    short: true,
    async strike({ cluster: { nodes, delays }, caller }) {
      const node = nodes[0]!;
      for (let i = 0; i < TIMES; i++) {
        const owner = `late-${i}`;
        // Only one request is held back: the next attempt has to get through.
        let holding: Delay | undefined;
        for (const delay of delays) {
          delay.arm([owner, asJson(owner)], () => {
            holding = delay;
            for (const other of delays) other.disarm();
          });
        }
        // The node itself asks again, at another member.
        const { outcome } = await caller.allocate(node, owner);
        const released = await caller.release(node, owner);
        const bytes = holding?.letGo() ?? 0;
        await sleep(500);
        await caller.lookup(node, owner);
        await caller.lookup(nodes[1]!, owner);
        if (bytes > 0 && outcome === 'done' && released.outcome === 'done') return `${bytes} bytes arrived late`;
      }
      throw new Error('the fault did not fire: nothing arrived late');
    },
  },
];

/** As it stands in a request to etcd's JSON gateway, behind `vm/`: three bytes are four characters. */
function asJson(owner: string): string {
  return Buffer.from(owner).toString('base64').slice(0, 8);
}
