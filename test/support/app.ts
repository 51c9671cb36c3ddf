import type { IncomingMessage, ServerResponse } from 'node:http';
import type Koa from 'koa';
import { type AppOptions as HttpOptions, createApp } from '../../src/http/app.ts';
import { hotPath } from '../../src/http/hot/hot-path.ts';
import { firstHost, parseCidr } from '../../src/net/cidr.ts';
import { decideAddNetwork, type NetworkSpec } from '../../src/pool/decide/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import type { Cluster } from '../../src/service/cluster.ts';
import { Clock } from '../../src/service/clock.ts';
import { Health } from '../../src/service/health.ts';
import { type UseCases, useCases } from '../../src/service/use-cases.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { poolEvents } from './families.ts';

/** The time of everything in a test that does not advance the clock. */
export const NOW = Date.parse('2026-01-02T03:04:05.678Z');

/** The settings of the network `default`, and of the application around it. */
export interface AppOptions extends Omit<NetworkSpec, 'cidr'> {
  /** 172.16.0.0/24 by default. */
  readonly cidr?: string;
  readonly store?: Store;
  readonly random?: () => number;
  /** Milliseconds. By default only the store limits how long a change takes. */
  readonly timeoutMs?: number;
  /** The cluster that this node belongs to; absent: a single node. */
  readonly cluster?: Cluster;
  /** `any`: as on a Unix socket. */
  readonly allowedHosts?: readonly string[] | 'any';
  readonly logRequests?: boolean;
  readonly apis?: HttpOptions['apis'];
  readonly revisions?: HttpOptions['revisions'];
  readonly identify?: HttpOptions['identify'];
  /** Whether the hot path stands in front of the application; without it with IPPOOL_TEST_PATH=regular. */
  readonly isHot?: boolean;
}

export interface LogLine {
  readonly level: 'debug' | 'error';
  readonly facts: Record<string, unknown>;
  readonly message: string;
}

export interface TestApp extends UseCases {
  /** The argument for supertest. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => unknown;
  /** The application, for further middleware. Take its callback after adding it. */
  readonly app: Koa;
  readonly pool: Pool;
  readonly health: Health;
  /** The wall clock (`now`) and the monotonic clock (`elapsed`) in milliseconds. {@link TestApp.pass} advances both. */
  readonly clock: { now: number; elapsed: number };
  /** Advances both clocks by some milliseconds. */
  readonly pass: (ms: number) => void;
  readonly log: readonly LogLine[];
}

/** The application in this process, wired as compose.ts does it, but with a simulated clock and random source. */
export async function createTestApp(options: AppOptions = {}): Promise<TestApp> {
  const {
    store = new MemoryStore(),
    allowedHosts = [],
    logRequests = false,
    random = counted(),
    cluster,
    timeoutMs,
    apis = [],
    revisions,
    identify,
    isHot = process.env.IPPOOL_TEST_PATH !== 'regular',
    ...wish
  } = options;
  const clock = { now: NOW, elapsed: 0 };
  const now = () => clock.now;
  const pool = new Pool();
  await store.open((batch) => {
    for (const event of poolEvents(batch.events)) pool.apply(event);
  });
  const cidr = parseCidr(options.cidr ?? '172.16.0.0/24');
  if (!cidr) throw new Error(`${options.cidr ?? ''} is not a network`);
  const gateway = wish.gateway === undefined ? { family: cidr.family, value: firstHost(cidr) } : wish.gateway;
  const origin = { at: NOW, actor: 'test', request_id: 'start' };
  if (!pool.find('default')) {
    for (const event of decideAddNetwork(pool, 'default', { ...wish, cidr, gateway }, origin)) pool.apply(event);
  }
  const cases = useCases({
    pool,
    store,
    clock: new Clock(now, () => clock.elapsed),
    random,
    timeoutMs,
  });
  const health = new Health(store, now);
  health.phase = 'ready';
  const log: LogLine[] = [];
  const http: HttpOptions = {
    useCases: cases,
    health,
    cluster,
    version: '1.2.3',
    allowedHosts: allowedHosts === 'any' ? undefined : allowedHosts,
    log: {
      debug: (facts, message) => log.push({ level: 'debug', facts: { ...facts }, message }),
      error: (facts, message) => log.push({ level: 'error', facts: { ...facts }, message }),
    },
    logRequests,
    apis,
    revisions,
    identify,
  };
  const app = createApp(http);
  const handler = isHot ? hotPath(http, app.callback()) : app.callback();
  const pass = (ms: number) => {
    clock.now += ms;
    clock.elapsed += ms;
  };
  return { handler, app, pool, health, ...cases, clock, pass, log };
}

/** A predictable random source: 0, 0.1 … 0.9, 0 … */
export function counted(): () => number {
  let calls = 0;
  return () => (calls++ % 10) / 10;
}
