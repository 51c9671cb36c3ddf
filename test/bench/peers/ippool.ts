import { fork } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MAIN, startServer } from '../../support/server.ts';
import { measureLoad } from '../sample.ts';
import { casesOf, DURABLE, letGo, type Peer, type PeerOptions } from './peer.ts';
import { endsWithParent, type Place } from './place.ts';

const MAX_REQUESTS = 500_000;

/** The built server and its journal. */
export async function startIppool(place: Place, { seconds, quick }: PeerOptions): Promise<Peer> {
  const server = await startServer({
    command: [...endsWithParent(), process.execPath, MAIN],
    args: ['--host', '127.0.0.1', '--data', mkdtempSync(join(place.folder, 'ippool-')), '--network', '10.0.0.0/8'],
  });
  // Ends when the channel to it does.
  const load = fork(fileURLToPath(new URL('../load.ts', import.meta.url)), [], { execArgv: ['--import', 'tsx'] });
  const running = { ...server, startMs: Number.NaN, stop: () => Promise.resolve() };
  const run = (connections: number, limit: number) =>
    measureLoad(load, running, { connections, seconds: limit, requests: MAX_REQUESTS });
  await run(64, quick ? 0.2 : 6); // until the compiler is through
  return {
    name: 'ippool',
    unit: 'allocation',
    note: 'ippool: POST /api/v1/ip/allocate of a new VM to the built server.',
    cases: casesOf(run, seconds),
    keeps: () => Promise.resolve(DURABLE),
    stop: async () => {
      await letGo(load);
      await server.stop();
    },
  };
}
