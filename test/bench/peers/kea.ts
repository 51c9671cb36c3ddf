import { type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpacked } from '../../support/debian.ts';
import { pathOf } from '../../support/tools.ts';
import { cpuMicroseconds } from '../machine.ts';
import { libraries } from './libraries.ts';
import type { Peer, PeerOptions, Sample } from './peer.ts';
import { parsePerfdhcp, type Exchanges } from './perfdhcp.ts';
import { collected, ended, type Place, unshared, type Ways, within } from './place.ts';
import { callsOf, kept } from './syncs.ts';

const PORT = '10067';
const START_MS = 20_000;
/** Of Debian 12, and what they need that not every machine has. */
const PACKAGES = [
  ...['kea-dhcp4-server', 'kea-admin', 'kea-common', 'liblog4cplus-2.0.5', 'libmariadb3', 'mariadb-common', 'libpq5'],
  ...[
    'libldap-2.5-0',
    'libsasl2-2',
    'libgssapi-krb5-2',
    'libkrb5-3',
    'libk5crypto3',
    'libkrb5support0',
    'libkeyutils1',
  ],
];
/** The first rate that is tried, leases a second, and the factor to the next. */
const FIRST_RATE = 1000;
const FACTOR = 1.25;
/** A measurement tries so many rates at most. */
const MOST_RATES = 14;
/** Clients of one run: more than it has leases. */
const CLIENTS = 2 ** 18;

/** A server on the loopback interface of a network namespace of its own, which nothing else can reach. */
export async function startKea(place: Place, { seconds, quick }: PeerOptions): Promise<Peer> {
  const { server: program, load, env } = programs();
  const folder = join(place.folder, 'kea');
  mkdirSync(folder);
  writeFileSync(join(folder, 'kea.json'), JSON.stringify(settings(folder)));
  const ways: Ways = { env: { ...env, KEA_PIDFILE_DIR: folder, KEA_LOCKFILE_DIR: 'none' } };
  const version = (await place.run([program, '-v'], ways)).stdout.trim();
  const server = place.spawn(
    ['sh', '-c', 'ip link set lo up && exec "$0" "$@"', program, '-c', join(folder, 'kea.json'), '-p', PORT],
    { ...ways, under: unshared('net') },
  );
  const log = collected(server);
  await ready(server, join(folder, 'leases.csv'), log);
  let runs = 0;
  const ask = async (rate: number, period: number): Promise<Exchanges> => {
    const clients = ['-R', String(CLIENTS), '-b', `mac=${macOf(runs++ * CLIENTS)}`];
    const pace = ['-r', String(Math.round(rate)), '-p', String(Math.max(1, Math.round(period))), '-W', '1'];
    const command = [load, '-4', '-l', 'lo', '-N', PORT, '-L', '67', ...clients, ...pace, '127.0.0.1'];
    const { stdout } = await place.run(command, { ...ways, under: within(server.pid ?? 0), codes: [0, 3] });
    return parsePerfdhcp(stdout);
  };
  let best = FIRST_RATE * FACTOR ** 2;
  /** The highest rate at which every client got its lease: from below, until one did not twice. NaN when there is none. */
  const measure = async (): Promise<Sample> => {
    let found: Sample = { rate: Number.NaN, cpu: Number.NaN };
    let failures = 0;
    for (let tried = 0, rate = best / FACTOR ** 2; tried < MOST_RATES && failures < 2; tried++) {
      const before = cpuMicroseconds(server.pid ?? 0);
      const { rate: reached, leases, drops } = await ask(rate, seconds);
      const cpu = (cpuMicroseconds(server.pid ?? 0) - before) / leases;
      if (drops > 0) {
        if (Number.isNaN(found.rate)) rate /= FACTOR ** 2;
        else failures++;
        continue;
      }
      found = { rate: reached, cpu };
      if (reached < rate * 0.95) break; // perfdhcp cannot ask faster
      rate *= FACTOR;
    }
    if (!Number.isNaN(found.rate)) best = found.rate;
    return found;
  };
  await ask(FIRST_RATE, quick ? 1 : seconds);
  return {
    name: `Kea ${version}`,
    unit: 'lease',
    note:
      'Kea: memfile, the highest rate (steps of a quarter) of perfdhcp at which no packet was lost; four packets a lease, ' +
      'no answer waits for a disk; over the loopback interface of a network namespace of its own.',
    cases: [{ load: 'open loop', measure }],
    keeps: async () => {
      try {
        return kept(await callsOf(place, server.pid ?? 0, () => ask(FIRST_RATE / 2, 1)));
      } catch {
        return 'not determined';
      }
    },
    stop: () => ended(server, 'SIGTERM'),
  };
}

function settings(folder: string): object {
  return {
    Dhcp4: {
      'interfaces-config': { interfaces: ['lo'], 'dhcp-socket-type': 'udp', 're-detect': false },
      'lease-database': { type: 'memfile', persist: true, name: join(folder, 'leases.csv'), 'lfc-interval': 0 },
      'valid-lifetime': 86_400,
      subnet4: [
        {
          id: 1,
          subnet: '10.0.0.0/8',
          pools: [{ pool: '10.0.0.1 - 10.255.255.254' }],
          relay: { 'ip-addresses': ['127.0.0.1'] },
        },
      ],
      loggers: [{ name: 'kea-dhcp4', severity: 'ERROR', output_options: [{ output: 'stderr' }] }],
    },
  };
}

function programs(): { server: string; load: string; env: NodeJS.ProcessEnv } {
  const [server, load] = [pathOf('kea-dhcp4'), pathOf('perfdhcp')];
  if (server !== undefined && load !== undefined) return { server, load, env: {} };
  const root = unpacked(PACKAGES);
  return { server: join(root, 'usr/sbin/kea-dhcp4'), load: join(root, 'usr/sbin/perfdhcp'), env: libraries(root) };
}

/** It makes the lease file when it has read its settings, and then opens its socket. */
async function ready(server: ChildProcess, leases: string, log: { stderr: string; stdout: string }): Promise<void> {
  const end = Date.now() + START_MS;
  while (!existsSync(leases)) {
    if (server.exitCode !== null || server.signalCode !== null || Date.now() > end) {
      throw new Error(`Kea did not start: ${log.stderr}${log.stdout}`.trim());
    }
    await sleep(50);
  }
  await sleep(1000);
}

/** A locally administered hardware address. */
function macOf(number: number): string {
  const digits = (0x0200_0000_0000 + number).toString(16).padStart(12, '0');
  return (digits.match(/../g) ?? []).join(':');
}
