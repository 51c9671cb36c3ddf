import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '../caller.ts';
import type { Cluster } from '../cluster.ts';
import type { Delay } from '../delay.ts';
import type { Node } from '../node.ts';
import type { Fault } from './fault.ts';

/** Attempts. The request may use a connection that the node gives up for other reasons. */
const ATTEMPTS = 3;
/** Time for a request to get from the cable to where everybody sees it. */
const ARRIVAL_MS = 500;

export const LATE: readonly Fault[] = [
  {
    // node ──── allocate ─────────────────────────────────────> etcd: it must not take effect any more
    //      └─── allocate ──> done     release ──> done
    name: 'late first attempt, after its retry and a release',
    short: true,
    strike: ({ cluster, load, caller }) =>
      // No other owner may take the address: that would stop the late attempt, but the fence alone must stop it.
      load.pausedFor(async () => {
        for (let i = 0; i < ATTEMPTS; i++) {
          const bytes = await arrivesLate(cluster, caller, `late-${i}`);
          if (bytes > 0) return `${bytes} bytes arrived late`;
        }
        throw new Error('the fault did not fire: nothing arrived late');
      }),
  },
];

/** Returns how many bytes arrived late; 0 when no request could be delayed. */
async function arrivesLate({ nodes, delays }: Cluster, caller: Caller, owner: string): Promise<number> {
  const [node, other] = nodes as [Node, Node];
  // Only one request is delayed: the next attempt must get through.
  let holding: Delay | undefined;
  for (const delay of delays) {
    delay.arm([owner, asJson(owner)], () => {
      holding = delay;
      for (const each of delays) each.disarm();
    });
  }
  // The node itself retries, with another member.
  const { outcome } = await caller.allocate(node, owner);
  const released = await caller.release(node, owner);
  const bytes = holding?.flush() ?? 0;
  await sleep(ARRIVAL_MS);
  await caller.lookup(node, owner);
  await caller.lookup(other, owner);
  return outcome === 'done' && released.outcome === 'done' ? bytes : 0;
}

/** As in a request to etcd's JSON gateway, after `vm/`: three bytes are four characters. */
function asJson(owner: string): string {
  return Buffer.from(owner).toString('base64').slice(0, 8);
}
