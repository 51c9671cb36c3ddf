import { setTimeout as sleep } from 'node:timers/promises';
import type { Caller } from '../caller.ts';
import type { Cluster } from '../cluster.ts';
import type { Delay } from '../delay.ts';
import type { Node } from '../node.ts';
import type { Fault } from './fault.ts';

/** How often it is tried: the request may ride on a connection that the node gives up for other reasons. */
const TIMES = 3;
/** What a request takes from the cable to where everybody sees it. */
const ARRIVAL_MS = 500;

export const LATE: readonly Fault[] = [
  {
    // node ──── allocate ─────────────────────────────────────> etcd: it must not be done any more
    //      └─── allocate ──> done     release ──> done
    name: 'late first attempt, after its retry and a release',
    short: true,
    strike: ({ cluster, load, caller }) =>
      // Nobody else may take the address meanwhile: that would stop the late attempt, where the fence alone has to.
      load.pausedFor(async () => {
        for (let i = 0; i < TIMES; i++) {
          const bytes = await arrivesLate(cluster, caller, `late-${i}`);
          if (bytes > 0) return `${bytes} bytes arrived late`;
        }
        throw new Error('the fault did not fire: nothing arrived late');
      }),
  },
];

/** Returns how many bytes did; 0 when it could not be arranged. */
async function arrivesLate({ nodes, delays }: Cluster, caller: Caller, owner: string): Promise<number> {
  const [node, other] = nodes as [Node, Node];
  // Only one request is held back: the next attempt has to get through.
  let holding: Delay | undefined;
  for (const delay of delays) {
    delay.arm([owner, asJson(owner)], () => {
      holding = delay;
      for (const each of delays) each.disarm();
    });
  }
  // The node itself asks again, at another member.
  const { outcome } = await caller.allocate(node, owner);
  const released = await caller.release(node, owner);
  const bytes = holding?.letGo() ?? 0;
  await sleep(ARRIVAL_MS);
  await caller.lookup(node, owner);
  await caller.lookup(other, owner);
  return outcome === 'done' && released.outcome === 'done' ? bytes : 0;
}

/** As it stands in a request to etcd's JSON gateway, behind `vm/`: three bytes are four characters. */
function asJson(owner: string): string {
  return Buffer.from(owner).toString('base64').slice(0, 8);
}
