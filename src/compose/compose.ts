import { randomInt } from 'node:crypto';
import { resolve } from 'node:path';
import type { Logger } from 'pino';
import type { ClusterOptions } from './cluster-node.ts';
import { type Config, OFFLINE } from '../config/load.ts';
import { createHandler } from '../http/app.ts';
import { listen } from '../http/server.ts';
import { createLog } from '../host/log.ts';
import { notify } from '../host/systemd.ts';
import { PoolError } from '../errors.ts';
import type { Origin } from '../pool/events.ts';
import { violation } from '../pool/invariants.ts';
import { Pool } from '../pool/pool.ts';
import { snapshotOf } from '../pool/snapshot.ts';
import { SearchOrigin } from '../service/search-origin.ts';
import { includesAddress } from '../pool/event-subject.ts';
import { Clock } from '../service/clock.ts';
import { Health } from '../service/health.ts';
import { useCases } from '../service/use-cases.ts';
import { DefaultNetwork } from './default-network.ts';
import { word } from './offline.ts';
import { logReady } from './startup-log.ts';
import { Journal } from '../store/journal/journal.ts';
import { MemoryStore } from '../store/memory.ts';
import { packageVersion } from '../host/version.ts';

// The only file that names concrete parts; those of a cluster stand in cluster.ts, which a sidecar does not load.

/** The journal may be twice as long as the state that it leads to: half as many snapshots as at once, for a longer start. */
const COMPACT_RATIO = 2;
/** How often leases and reservations that have ended are looked for; milliseconds. A request that meets one does not wait for it. */
const SWEEP_MS = 1000;
/** Allocations that a cluster changes in one transaction: with their owners and what is kept in mind, of 128 operations. */
const CLUSTER_COMMIT = 32;
/** A change of a cluster has its answer within 3 s, once it is begun. */
const CLUSTER_TIMEOUT_MS = 2800;
/** How often a node that starts looks again because another made the network first. */
const START_ATTEMPTS = 16;
const HOUR_MS = 60 * 60 * 1000;
const DAY_MS = 24 * HOUR_MS;

export interface Running {
  readonly url: string;
  /** Finishes requests under way and the last group commit. Resolves within 8 s; 2 more for an etcd of its own. */
  stop(): Promise<void>;
}

/**
 * Builds the service from its settings and starts it. Resolves when it is ready to give addresses.
 *
 * @param fatal told when the process has to end at once: the disk may have lied
 * @throws PoolError with a code that cli/exit.ts maps to an exit code; nothing in the data folder is changed then
 */
export async function start(config: Config, fatal: (error: PoolError) => void): Promise<Running> {
  const log = await createLog(config.debug ? 'debug' : 'info');
  const {
    handle,
    cluster,
    node,
    health,
    networks,
    pool,
    defaultNetwork: defaultNetwork,
    open,
    close,
  } = await build(config, log, fatal);
  const origin: Origin = { at: Date.now(), actor: 'ippool', request_id: 'start' };
  defaultNetwork.check(origin);
  const server = await listen(handle, config.host, config.port);
  try {
    await open(origin);
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
  await open(undefined);
  await networks.sweep({ actor: 'ippool', requestId: 'expiry' });
  health.phase = 'ready';
  return { handle, close };
}

async function build(config: Config, log: Logger, fatal: (error: PoolError) => void) {
  const now = () => Date.now();
  const pool = new Pool(randomInt(2 ** 32));
  const defaultNetwork = new DefaultNetwork(config, pool);
  let origin: Origin | undefined;
  let isEmpty = true;
  const accept = () => {
    if (origin) defaultNetwork.accept(origin, isEmpty);
  };
  const searchOrigin = new SearchOrigin(pool, Math.random);
  const journal = () =>
    new Journal({
      dir: resolve(config.data),
      requireExisting: config.requireExisting,
      includes: includesAddress,
      check: (event) => violation(pool, event),
      accept,
      snapshot: () => snapshotOf(pool),
      fatal,
      log: (level, facts, message) => log[level](facts, message),
      now,
      compactBytes: config.compactBytes,
      compactRatio: COMPACT_RATIO,
      auditRetentionMs: config.auditRetention * DAY_MS,
    });
  const { cluster, node } = config.etcd
    ? await clusterParts({
        endpoints: config.etcd,
        config,
        pool,
        searchOrigin: searchOrigin,
        fatal,
        log: (level, facts, message) => log[level](facts, message),
        now,
        clock: () => performance.now(),
        word,
      })
    : {};
  const store = cluster ?? (config.memory ? new MemoryStore(includesAddress) : journal());
  const health = new Health(store, now, cluster !== undefined);
  // A lease ends by the clock of whichever node is asked: all go by that of most.
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
    allowedHosts: config.allowedHosts,
    log,
    logRequests: config.debug,
    revisions: cluster,
  });
  /** @param by who makes the sidecar's network, or brings it up to its settings; undefined: nobody does */
  const open = async (by: Origin | undefined) => {
    origin = by;
    await node?.open();
    await store.open(({ events }) => {
      isEmpty = false;
      for (const event of events) {
        pool.apply(event);
        if (cluster && event.type === 'network_added') searchOrigin.move(event.network);
      }
    });
    if (cluster) searchOrigin.moveAll();
    clock.notBefore(pool.time);
    if (clock.ahead() > HOUR_MS) {
      const facts = { ahead_seconds: Math.round(clock.ahead() / 1000), latest: new Date(pool.time).toISOString() };
      log.warn(facts, 'the clock of this machine is behind what was written down: time goes on from there');
    }
    for (let attempt = 1; by; attempt++) {
      if (cluster) accept(); // a journal asks by itself, before it changes anything
      const events = defaultNetwork.settle({ ...by, at: clock.now() }, isEmpty);
      if (events.length === 0) return;
      try {
        await store.commit(events);
        return;
      } catch (error) {
        if (!(error instanceof PoolError) || error.code !== 'conflict' || attempt >= START_ATTEMPTS) throw error;
      }
    }
  };
  const close = async () => {
    await store.close();
    await node?.close();
  };
  return {
    handle,
    cluster,
    node,
    health,
    networks: cases.networks,
    pool,
    defaultNetwork: defaultNetwork,
    open,
    close,
  };
}

/** gRPC takes longer to load, and more memory, than all that a sidecar needs. */
async function clusterParts(options: ClusterOptions) {
  const { ClusterNode, clusterStore } = await import('./cluster-node.ts');
  return { cluster: clusterStore(options), node: new ClusterNode(options) };
}
