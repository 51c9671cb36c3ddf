import { type ChildProcess } from 'node:child_process';
import { chownSync, cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpacked } from '../../support/debian.ts';
import { cpuOfFamily } from './family.ts';
import { libraries } from './libraries.ts';
import { casesOf, DURABLE, type Peer, type PeerOptions, type Sample } from './peer.ts';
import { collected, ended, isRoot, type Place, unshared, type Ways } from './place.ts';

const NOBODY = { uid: 65_534, gid: 65_534 };
const START_MS = 30_000;
const INSTALLED = '/usr/lib/postgresql';
/** Of Debian 12, and what it needs that not every machine has. */
const PACKAGES = [
  ...['postgresql-15', 'postgresql-client-15', 'libpq5', 'libicu72', 'libxml2', 'libldap-2.5-0', 'libsasl2-2'],
  ...['libgssapi-krb5-2', 'libkrb5-3', 'libk5crypto3', 'libkrb5support0', 'libkeyutils1'],
];
const FREE = 65_534;

const TABLE = `
DROP TABLE IF EXISTS address;
CREATE TABLE address (ip inet PRIMARY KEY, vm text UNIQUE);
INSERT INTO address SELECT '10.1.0.0'::inet + n FROM generate_series(1, ${FREE}) AS n;
CREATE INDEX free ON address (ip) WHERE vm IS NULL;
VACUUM ANALYZE address;
CHECKPOINT;`;
/** One statement, and so one transaction and one round trip: the least that it can cost. */
const ALLOCATE = `
\\set n :n + 1
UPDATE address SET vm = 'vm-' || :client_id || '-' || :n
  WHERE ip = (SELECT ip FROM address WHERE vm IS NULL LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING ip;
`;

/** A server with its settings as they come (fsync, synchronous_commit), reached by a socket in its own folder. */
export async function startPostgres(place: Place, { seconds }: PeerOptions): Promise<Peer> {
  const { bin, env } = programs(place);
  const ways: Ways = { as: isRoot() ? NOBODY : undefined, env };
  const folder = join(place.folder, 'postgres');
  mkdirSync(folder, { mode: 0o700 });
  writeFileSync(join(folder, 'allocate.sql'), ALLOCATE);
  if (isRoot()) chownSync(folder, NOBODY.uid, NOBODY.gid);
  const data = join(folder, 'data');
  const words = ['--auth=trust', '--username=peers', '--encoding=UTF8', '--locale=C', '--no-sync'];
  await place.run([join(bin, 'initdb'), `--pgdata=${data}`, ...words], ways);
  const settings = ['listen_addresses=', `unix_socket_directories=${folder}`, 'dynamic_shared_memory_type=mmap'];
  const server = place.spawn(
    [join(bin, 'postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])],
    { ...ways, under: isRoot() ? unshared('ipc') : [] }, // its segment would outlive a killed server
  );
  const log = collected(server);
  const login = ['--host', folder, '--username', 'peers'];
  const ask = async (sql: string) => {
    const flags = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set', 'ON_ERROR_STOP=1'];
    const commands = sql.split(';').filter((command) => command.trim() !== '');
    const each = commands.flatMap((command) => ['--command', command]);
    const { stdout } = await place.run([join(bin, 'psql'), ...login, ...flags, ...each, 'postgres'], ways);
    return stdout.trim();
  };
  await ready(server, ask, log);
  const run = async (clients: number): Promise<Sample> => {
    await ask(TABLE);
    const load = ['--client', String(clients), '--jobs', String(Math.min(clients, 2)), '--time', String(seconds)];
    const how = ['--no-vacuum', '--protocol=prepared', '--define=n=0', '--file', join(folder, 'allocate.sql')];
    const before = cpuOfFamily(server.pid ?? 0);
    const command = [join(bin, 'pgbench'), ...login, ...load, ...how, 'postgres'];
    const { transactions, rate } = parsePgbench((await place.run(command, ways)).stdout);
    await sleep(100); // until the sessions have ended and count as reaped
    const cpu = (cpuOfFamily(server.pid ?? 0) - before) / transactions;
    const held = Number(await ask('SELECT count(vm) FROM address'));
    if (held !== transactions) throw new Error(`${transactions} transactions took ${held} addresses of ${FREE}`);
    return { rate, cpu };
  };
  return {
    name: `PostgreSQL ${await ask('SHOW server_version').then((version) => version.split(' ')[0] ?? '')}`,
    unit: 'transaction',
    note:
      'PostgreSQL: a table of the addresses of a /16; one statement sets the VM of the address that ' +
      'SELECT … FOR UPDATE SKIP LOCKED LIMIT 1 found; pgbench, prepared, over a Unix socket; settings as they come.',
    cases: casesOf(run, seconds),
    keeps: async () => {
      const settings = [await ask('SHOW fsync'), await ask('SHOW synchronous_commit')];
      return settings.every((setting) => setting === 'on') ? DURABLE : 'not on disk';
    },
    stop: () => ended(server, 'SIGINT'),
  };
}

/** The machine's, of the highest version; or else Debian's, where whoever runs it may read it. */
function programs(place: Place): { bin: string; env: NodeJS.ProcessEnv } {
  const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).sort((a, b) => Number(b) - Number(a)) : [];
  for (const version of versions) {
    const bin = join(INSTALLED, version, 'bin');
    if (['initdb', 'postgres', 'psql', 'pgbench'].every((name) => existsSync(join(bin, name)))) return { bin, env: {} };
  }
  const root = join(place.folder, 'postgres-programs');
  cpSync(join(unpacked(PACKAGES), 'usr'), join(root, 'usr'), { recursive: true, verbatimSymlinks: true });
  return { bin: join(root, 'usr/lib/postgresql/15/bin'), env: libraries(root) };
}

async function ready(server: ChildProcess, ask: (sql: string) => Promise<string>, log: { stderr: string }) {
  const end = Date.now() + START_MS;
  for (;;) {
    try {
      await ask('SELECT 1');
      return;
    } catch (error) {
      if (server.exitCode !== null || server.signalCode !== null) throw new Error(log.stderr, { cause: error });
      if (Date.now() > end) throw error;
      await sleep(100);
    }
  }
}

/** @param output of pgbench; its rate leaves out the time until all are connected */
export function parsePgbench(output: string): { transactions: number; rate: number } {
  const transactions = Number(/^number of transactions actually processed: (\d+)/m.exec(output)?.[1]);
  const failed = Number(/^number of failed transactions: (\d+)/m.exec(output)?.[1] ?? '0');
  const rate = Number(/^tps = ([\d.]+)/m.exec(output)?.[1]);
  if (Number.isNaN(transactions) || Number.isNaN(rate) || failed > 0) throw new Error(`pgbench: ${output}`);
  return { transactions, rate };
}
