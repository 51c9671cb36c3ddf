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

/** When everything in a test happens, unless it moves the clock. */
export const NOW = Date.parse('2026-01-02T03:04:05.678Z');

/** How the network `default` is to be, and what stands around it. */
export interface AppOptions extends Omit<NetworkSpec, 'cidr'> {
  /** 172.16.0.0/24 by default. */
  readonly cidr?: string;
  readonly store?: Store;
  readonly random?: () => number;
  /** As long as the store has, without it. */
  readonly patienceMs?: number;
  /** Of which it is a node; alone without one. */
  readonly cluster?: Cluster;
  readonly allowedHosts?: readonly string[];
  readonly logRequests?: boolean;
  readonly apis?: HttpOptions['apis'];
  readonly revisions?: HttpOptions['revisions'];
  /** Whether the hot path stands in front of the application; without it with IPPOOL_TEST_PATH=regular. */
  readonly isHot?: boolean;
}

export interface LogLine {
  readonly level: 'debug' | 'error';
  readonly facts: Record<string, unknown>;
  readonly message: string;
}

export interface TestApp extends UseCases {
  /** What supertest takes. */
  readonly handler: (request: IncomingMessage, response: ServerResponse) => unknown;
  /** The application itself, for further middleware: its own callback has to be taken afterwards. */
  readonly app: Koa;
  readonly pool: Pool;
  readonly health: Health;
  /** What the clock on the wall shows. Time that passes moves `elapsed` as well; see {@link TestApp.pass}. */
  readonly clock: { now: number; elapsed: number };
  /** Lets milliseconds pass. */
  readonly pass: (ms: number) => void;
  readonly log: readonly LogLine[];
}

/** The application in this process, as compose.ts puts it together, but with a clock and a random source of its own. */
export async function createTestApp(options: AppOptions = {}): Promise<TestApp> {
  const {
    store = new MemoryStore(),
    allowedHosts = [],
    logRequests = false,
    random = counted(),
    cluster,
    patienceMs,
    apis = [],
    revisions,
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
  if (!cidr) throw new Error(`${options.cidr ?? ''} is no network`);
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
    timeoutMs: patienceMs,
  });
  const health = new Health(store, now);
  health.phase = 'ready';
  const log: LogLine[] = [];
  const http: HttpOptions = {
    useCases: cases,
    health,
    cluster,
    version: '1.2.3',
    allowedHosts,
    log: {
      debug: (facts, message) => log.push({ level: 'debug', facts: { ...facts }, message }),
      error: (facts, message) => log.push({ level: 'error', facts: { ...facts }, message }),
    },
    logRequests,
    apis,
    revisions,
  };
  const app = createApp(http);
  const handler = isHot ? hotPath(http, app.callback()) : app.callback();
  const pass = (ms: number) => {
    clock.now += ms;
    clock.elapsed += ms;
  };
  return { handler, app, pool, health, ...cases, clock, pass, log };
}

/** 0, 0.1 … 0.9, 0 …: a random source whose picks can be written into a test. */
export function counted(): () => number {
  let calls = 0;
  return () => (calls++ % 10) / 10;
}
