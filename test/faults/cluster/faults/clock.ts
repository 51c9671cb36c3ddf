import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpacked } from '../../../support/debian.ts';
import { type Fault, fired } from './fault.ts';

const HOUR_MS = 3_600_000;

export const CLOCK: readonly Fault[] = [
  {
    name: 'clock of a node a day ahead',
    async strike({ cluster: { nodes }, caller }) {
      const node = nodes[1]!;
      await node.kill('SIGKILL');
      await node.startWithRetry({
        LD_PRELOAD: library(),
        FAKETIME: '+1d',
        FAKETIME_DONT_FAKE_MONOTONIC: '1', // what time passes stays what it is
      });
      const ahead = ((await caller.clock(node)) - Date.now()) / HOUR_MS;
      await sleep(4_000);
      await node.kill('SIGKILL');
      await node.startWithRetry();
      const back = ((await caller.clock(node)) - Date.now()) / HOUR_MS;
      return fired(
        ahead > 23 && Math.abs(back) < 1,
        `${ahead.toFixed(1)} h ahead, then ${Math.abs(back).toFixed(1)} h`,
      );
    },
  },
];

function library(): string {
  // The loader expands $LIB, for example to lib/x86_64-linux-gnu.
  return join(unpacked(['libfaketime']), 'usr/$LIB/faketime/libfaketime.so.1');
}
