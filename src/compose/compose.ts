import { randomInt } from 'node:crypto';
import type { Logger } from 'pino';
import { type Config, OFFLINE } from '../config/load.ts';
import type { PoolError } from '../errors.ts';
import { createLog } from '../host/log.ts';
import { notify } from '../host/systemd.ts';
import { packageVersion } from '../host/version.ts';
import { createHandler } from '../http/app.ts';
import { listen, listenOnSocket } from '../http/server.ts';
import type { Origin } from '../pool/events.ts';
import { PoolFamily } from '../pool/family.ts';
import { Pool } from '../pool/pool.ts';
import { Applier } from '../service/applier.ts';
import { Clock } from '../service/clock.ts';
import { Feed } from '../service/feed.ts';
import { Health } from '../service/health.ts';
import { SearchOrigin } from '../service/search-origin.ts';
import { useCases } from '../service/use-cases.ts';
import { Families } from '../store/families.ts';
import { DefaultNetwork } from './default-network.ts';
import { logClock, logReady } from './startup-log.ts';
import { openableStore } from './stores.ts';

// Wiring and nothing else: the only file that names all concrete parts, except those of cluster-node.ts.

/** How often leases and reservations that have ended are released; milliseconds. A request that meets one does not wait for it. */
const SWEEP_MS = 1000;
/** Allocations that a cluster changes in one transaction: with their owners and cooling addresses, of 128 operations. */
const CLUSTER_COMMIT = 32;
/** A cluster responds to a change within 3 s. */
const CLUSTER_TIMEOUT_MS = 2800;

export interface Running {
  readonly url: string;
  /** Finishes requests under way and the last group commit. Resolves within 8 s; 2 more for an etcd of its own. */
  stop(): Promise<void>;
}

/**
 * Builds the service from its settings and starts it. Resolves when it is ready to allocate addresses.
 *
 * @param fatal called when the process must end at once: the disk may have lied
 * @throws PoolError with a code that cli/exit.ts maps to an exit code; then nothing in the data folder has changed
 */
export async function start(config: Config, fatal: (error: PoolError) => void): Promise<Running> {
  const log = await createLog(config.debug ? 'debug' : 'info');
  const origin: Origin = { at: Date.now(), actor: 'ippool', request_id: 'start' };
  const { handle, cluster, node, health, networks, pool, defaultNetwork, open, close } = await build(
    config,
    log,
    fatal,
    origin,
  );
  defaultNetwork.check(origin);
  const server = await (config.socket === undefined
    ? listen(handle, config.host, config.port)
    : listenOnSocket(handle, config.socket));
  try {
    await open();
  } catch (error) {
    await server.close();
    await close();
    throw error;
  }
  const sweeper = setInterval(() => {
    networks.sweep({ actor: 'ippool', requestId: 'expiry' }).catch((error: unknown) => {
      log.debug({ err: error }, 'what has ended could not be written down yet');
    });
  }, SWEEP_MS);
  health.phase = 'ready';
  await node?.serve(server.url);
  if (node) cluster?.register(() => node.facts(config.advertiseUrl ?? server.url));
  logReady(config, log, server.url, pool, defaultNetwork);
  return {
    url: server.url,
    stop: async () => {
      health.phase = 'draining';
      notify(config.notifySocket, log, 'STOPPING=1');
      log.info('stopping: finishing requests under way');
      clearInterval(sweeper);
      await server.close();
      await close();
      log.info('stopped');
    },
  };
}

/**
 * The service over a data folder, without a port: for one command. The folder is locked until it is closed.
 *
 * @throws PoolError as {@link start}
 */
export async function openFolder(dir: string, fatal: (error: PoolError) => void) {
  const log = await createLog('silent');
  const { handle, health, networks, open, close } = await build({ ...OFFLINE, data: dir }, log, fatal);
  await open();
  await networks.sweep({ actor: 'ippool', requestId: 'expiry' });
  health.phase = 'ready';
  return { handle, close };
}

/** @param origin of the events that make the network of the settings; undefined: no network is made or changed */
async function build(config: Config, log: Logger, fatal: (error: PoolError) => void, origin?: Origin) {
  const now = () => Date.now();
  const pool = new Pool(randomInt(2 ** 32));
  const searchOrigin = config.etcd && new SearchOrigin(pool, Math.random);
  const families = new Families([new PoolFamily(pool)]);
  const applier = new Applier(families, searchOrigin);
  const defaultNetwork = new DefaultNetwork(config, pool);
  const accept = () => {
    if (origin) defaultNetwork.accept(origin, applier.isEmpty);
  };
  const { store, cluster, node } = await openableStore({
    config,
    pool,
    families,
    searchOrigin,
    accept,
    fatal,
    log,
    now,
  });
  const feed = new Feed({ history: store.history, barrier: () => store.barrier(), log });
  const health = new Health(store, now, cluster !== undefined);
  // Every node judges leases by the clock of most nodes.
  const clock = new Clock(
    () => now() + (cluster?.skew ?? 0),
    () => performance.now(),
  );
  const cases = useCases({
    pool,
    store,
    clock,
    random: Math.random,
    atOnce: cluster && CLUSTER_COMMIT,
    timeoutMs: cluster && CLUSTER_TIMEOUT_MS,
  });
  const handle = createHandler({
    useCases: cases,
    health,
    cluster: node?.cluster,
    version: packageVersion(),
    allowedHosts: config.socket === undefined ? config.allowedHosts : undefined,
    log,
    logRequests: config.debug,
    revisions: cluster,
  });
  const open = async () => {
    await node?.open();
    await store.open((delivered) => {
      applier.apply(delivered);
      feed.publish(delivered);
    });
    searchOrigin?.moveAll();
    clock.notBefore(pool.time);
    logClock(log, clock, pool.time);
    if (origin)
      await defaultNetwork.bringUp(
        store,
        () => ({ ...origin, at: clock.now() }),
        () => applier.isEmpty,
      );
  };
  const close = async () => {
    feed.close();
    await store.close();
    await node?.close();
  };
  return { handle, cluster, node, health, networks: cases.networks, pool, defaultNetwork, open, close };
}
