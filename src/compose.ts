import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import { type Config, DEFAULT_NETWORK, DEFAULT_STRATEGY } from './config.ts';
import { createApp } from './http/app.ts';
import { listen } from './http/server.ts';
import { createLog } from './log.ts';
import { formatIPv4 } from './net/address.ts';
import { formatCidr } from './net/cidr.ts';
import { notify } from './notify.ts';
import { decideAddNetwork, decideUpdateNetwork, type NetworkRequest } from './pool/decide.ts';
import { PoolError } from './pool/errors.ts';
import type { Origin } from './pool/events.ts';
import { violation } from './pool/invariants.ts';
import type { Network } from './pool/network.ts';
import { Pool } from './pool/pool.ts';
import { snapshotOf } from './pool/snapshot.ts';
import { Allocations } from './service/allocations.ts';
import { Health } from './service/health.ts';
import { Journal } from './store/journal/journal.ts';
import { load, repair, verify } from './store/journal/offline.ts';
import { MemoryStore } from './store/memory.ts';
import type { Store } from './store/store.ts';
import { packageVersion } from './version.ts';

// The only file that names concrete parts.

/** The sidecar's own network. */
const NETWORK = 'default';
const COMPACT_RATIO = 1;

export interface Running {
  readonly url: string;
  /** Finishes requests under way and the last group commit. Resolves within 8 s. */
  stop(): Promise<void>;
}

/**
 * Builds the service from its settings and starts it. Resolves when it is ready to give addresses.
 *
 * @param fatal told when the process has to end at once: the disk may have lied
 * @throws PoolError with a code that cli/exit.ts maps to an exit code; nothing in the data folder is changed then
 */
export async function start(config: Config, fatal: (error: PoolError) => void): Promise<Running> {
  const log = await createLog(config.debug);
  const pool = new Pool();
  const now = () => Date.now();
  const origin: Origin = { at: now(), actor: 'ippool', request_id: 'start' };
  const request: NetworkRequest = {
    cidr: config.network ?? DEFAULT_NETWORK,
    gateway: config.gateway,
    excluded: config.exclude ?? [],
    strategy: config.strategy ?? DEFAULT_STRATEGY,
  };
  const create = () => decideAddNetwork(NETWORK, request, origin);
  // Checks the request before anything is made.
  if (config.network !== undefined || !existsSync(config.data)) create();
  const store = createStore(config, pool, log, fatal, () => {
    const known = pool.find(NETWORK);
    if (known) refuseOther(known, config);
    else create();
  });
  const health = new Health(store, now);
  const allocations = new Allocations({ pool, store, now, random: Math.random });
  const version = packageVersion();
  const app = createApp({
    allocations,
    health,
    version,
    allowedHosts: config.allowedHosts,
    log,
    logRequests: config.debug,
  });
  const server = await listen(app.callback(), config.host, config.port);
  try {
    await store.open((batch) => {
      for (const event of batch) pool.apply(event);
    });
    const known = pool.find(NETWORK);
    const events = known
      ? decideUpdateNetwork(known, { excluded: config.exclude, strategy: config.strategy }, origin)
      : create();
    if (events.length > 0) await store.commit(events);
  } catch (error) {
    await server.close();
    await store.close();
    throw error;
  }
  health.phase = 'ready';
  for (const name of config.unknownVariables)
    log.warn(`${name} in the environment is no setting of ippool: see ippool --help`);
  const { cidrText, gatewayText, allocated, available, settings } = pool.network(NETWORK);
  const kept = config.memory ? 'kept in memory only' : `kept in ${resolve(config.data)}`;
  if (config.memory) log.warn('--memory: nothing is written down, all allocations are lost when this process ends');
  log.info(
    {
      url: server.url,
      network: cidrText,
      gateway: gatewayText,
      excluded: settings.excluded,
      strategy: settings.strategy,
      allocated,
      available,
      data: config.memory ? null : resolve(config.data),
      version,
    },
    `ready on ${server.url}: ${cidrText} with gateway ${gatewayText}, ${allocated} of ${allocated + available} addresses given, ${kept}`,
  );
  notify(config.notifySocket, log, 'READY=1', `STATUS=Giving addresses of ${cidrText} on ${server.url}`);
  return {
    url: server.url,
    stop: async () => {
      health.phase = 'draining';
      notify(config.notifySocket, log, 'STOPPING=1');
      log.info('stopping: finishing requests under way');
      await server.close();
      await store.close();
      log.info('stopped');
    },
  };
}

function createStore(
  config: Config,
  pool: Pool,
  log: Logger,
  fatal: (error: PoolError) => void,
  accept: () => void,
): Store {
  if (config.memory) return new MemoryStore();
  return new Journal({
    dir: resolve(config.data),
    requireExisting: config.requireExisting,
    includes: () => false, // no event of today is about a range
    check: (event) => violation(pool, event),
    accept,
    snapshot: () => snapshotOf(pool),
    fatal,
    log: (level, facts, message) => log[level](facts, message),
    now: () => Date.now(),
    compactBytes: config.compactBytes,
    compactRatio: COMPACT_RATIO,
  });
}

/** A data folder remembers its network: VMs out there have addresses of it. */
function refuseOther(known: Network, { network, gateway, data }: Config): void {
  const held = `${known.cidrText} with gateway ${known.gatewayText}`;
  const otherNetwork = network && formatCidr(network) !== known.cidrText;
  if (!otherNetwork && (gateway === undefined || gateway === known.gateway)) return;
  const asked = otherNetwork ? `--network ${formatCidr(network)}` : `--gateway ${formatIPv4(gateway ?? 0)}`;
  throw new PoolError(
    'data_mismatch',
    `${resolve(data)} belongs to ${held}, not to ${asked}: leave the flag away to go on with it, or use another --data folder`,
    { network: known.cidrText, gateway: known.gatewayText },
  );
}

/** What the command line does with a data folder that nobody serves from. */
export const offline = {
  verify,
  repair,
  load: async (dir: string) => {
    const pool = await load(dir);
    const networks = [...pool.networks].map(({ id, cidrText, gatewayText, settings }) => {
      return { id, cidr: cidrText, gateway: gatewayText, ...settings };
    });
    return { networks, allocations: exported(pool) };
  },
};

function* exported(pool: Pool) {
  for (const network of pool.networks) {
    for (const { offset, vm_id, nic, hostname, allocated_at } of network.allocations()) {
      const at = new Date(allocated_at).toISOString();
      yield { network: network.id, ip: network.ipAt(offset), vm_id, nic, hostname, allocated_at: at };
    }
  }
}
