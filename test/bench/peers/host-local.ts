import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpacked } from '../../support/debian.ts';
import type { Case, Peer, PeerOptions, Sample } from './peer.ts';
import type { Place } from './place.ts';
import { callsDuring, kept } from './syncs.ts';

const INSTALLED = '/usr/lib/cni/host-local';
const NETWORK = 'peers';
/** Fewer than a /24 has. */
const MOST = 240;

/** One process for each address, as a container runtime starts it; the shell's loop costs next to nothing. */
const LOOP = `
i=0
while [ $i -lt ${MOST} ] && [ ! -e "$1/stop" ]; do
  i=$((i+1))
  CNI_CONTAINERID=new-$i "$0" <"$1/config" >"$1/answer" || exit 1
done
echo $i
times`;

export async function startHostLocal(place: Place, { seconds, quick }: PeerOptions): Promise<Peer> {
  const program = existsSync(INSTALLED)
    ? INSTALLED
    : join(unpacked(['containernetworking-plugins']), 'usr/lib/cni/host-local');
  const root = join(place.folder, 'host-local');
  const env = {
    CNI_COMMAND: 'ADD',
    CNI_NETNS: '/not-looked-at',
    CNI_IFNAME: 'eth0',
    CNI_PATH: join(program, '..'),
  };
  /** Allocates in a fresh data folder until the time is over, or as many as there are. */
  const run = async (subnet: string, before: number): Promise<Sample> => {
    fill(root, subnet, before);
    const began = performance.now();
    const stop = new AbortController();
    void sleep(seconds * 1000, undefined, { signal: stop.signal }).then(
      () => writeFileSync(join(root, 'stop'), ''),
      () => undefined,
    );
    const { stdout } = await place.run(['sh', '-c', LOOP, program, root], { env });
    const took = (performance.now() - began) / 1000;
    stop.abort();
    const { count, cpuSeconds } = parseLoop(stdout);
    return { rate: count / took, cpu: (cpuSeconds * 1e6) / count };
  };
  const measured = (load: string, subnet: string, before: number): Case => ({
    load,
    callers: 1,
    measure: () => run(subnet, before),
  });
  await run('10.1.0.0/24', 0);
  return {
    name: 'CNI host-local',
    unit: 'ADD',
    note: `CNI host-local: one process for each ADD, one after the other, at most ${MOST}; a file for each address.`,
    cases: [
      measured('/24, empty', '10.1.0.0/24', 0),
      measured('/16, 1,000 held', '10.1.0.0/16', 1000),
      ...(quick ? [] : [measured('/16, 20,000 held', '10.1.0.0/16', 20_000)]),
    ],
    keeps: async () => {
      fill(root, '10.1.0.0/24', 0);
      const command = ['sh', '-c', '"$0" <"$1/config" >"$1/answer"', program, root];
      const calls = await callsDuring(place, command, { ...env, CNI_CONTAINERID: 'traced' });
      return kept(calls);
    },
    stop: () => {
      rmSync(root, { recursive: true, force: true });
      return Promise.resolve();
    },
  };
}

/** A data folder as host-local would have left it: a file for each address, and the name of the last one. */
function fill(root: string, subnet: string, held: number): void {
  rmSync(root, { recursive: true, force: true });
  const folder = join(root, 'data', NETWORK);
  mkdirSync(folder, { recursive: true });
  const ipam = { type: 'host-local', dataDir: join(root, 'data'), ranges: [[{ subnet }]] };
  writeFileSync(join(root, 'config'), JSON.stringify({ cniVersion: '0.4.0', name: NETWORK, ipam }));
  const addressOf = (n: number) => `10.1.${(n + 2) >> 8}.${(n + 2) & 255}`; // .0 is the network, .1 the gateway
  for (let n = 0; n < held; n++) writeFileSync(join(folder, addressOf(n)), `held-${n}\r\neth0`);
  if (held > 0) writeFileSync(join(folder, 'last_reserved_ip.0'), addressOf(held - 1));
}

/** @param output how many there were, and what the shell's `times` says: user and system time, its own, then its children's */
export function parseLoop(output: string): { count: number; cpuSeconds: number } {
  const [count, , children = ''] = output.trim().split('\n');
  const times = [...children.matchAll(/(\d+)m([\d.]+)s/g)];
  if (times.length !== 2) throw new Error(`not what times says: ${output}`);
  return { count: Number(count), cpuSeconds: times.reduce((sum, [, m, s]) => sum + Number(m) * 60 + Number(s), 0) };
}
