import type Koa from 'koa';
import { createApp } from '../../src/http/app.ts';
import { parseCidr } from '../../src/net/cidr.ts';
import { decideAddNetwork, type NetworkRequest } from '../../src/pool/decide.ts';
import { Pool } from '../../src/pool/pool.ts';
import { Allocations } from '../../src/service/allocations.ts';
import { Health } from '../../src/service/health.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import type { Store } from '../../src/store/store.ts';

/** When everything in a test happens, unless it moves the clock. */
export const NOW = Date.parse('2026-01-02T03:04:05.678Z');

export interface AppOptions extends Partial<Omit<NetworkRequest, 'cidr'>> {
  /** 172.16.0.0/24 by default. */
  readonly cidr?: string;
  readonly store?: Store;
  readonly allowedHosts?: readonly string[];
  readonly logRequests?: boolean;
}

export interface LogLine {
  readonly level: 'debug' | 'error';
  readonly facts: Record<string, unknown>;
  readonly message: string;
}

export interface TestApp {
  readonly app: Koa;
  /** What supertest takes. */
  readonly handler: ReturnType<Koa['callback']>;
  readonly pool: Pool;
  readonly health: Health;
  readonly allocations: Allocations;
  readonly clock: { now: number };
  readonly log: readonly LogLine[];
}

/** The application in this process, as compose.ts puts it together, but with a clock and a random source of its own. */
export async function createTestApp(options: AppOptions = {}): Promise<TestApp> {
  const { store = new MemoryStore(), allowedHosts = [], logRequests = false } = options;
  const clock = { now: NOW };
  const now = () => clock.now;
  const pool = new Pool();
  await store.open((batch) => {
    for (const event of batch) pool.apply(event);
  });
  const cidr = parseCidr(options.cidr ?? '172.16.0.0/24');
  if (!cidr) throw new Error(`${options.cidr ?? ''} is no network`);
  const { gateway, excluded = [], strategy = 'round-robin' } = options;
  const origin = { at: NOW, actor: 'test', request_id: 'start' };
  const [added] = decideAddNetwork('default', { cidr, gateway, excluded, strategy }, origin);
  if (added) pool.apply(added);
  const allocations = new Allocations({ pool, store, now, random: counted() });
  const health = new Health(store, now);
  health.phase = 'ready';
  const log: LogLine[] = [];
  const app = createApp({
    allocations,
    health,
    version: '1.2.3',
    allowedHosts,
    log: {
      debug: (facts, message) => log.push({ level: 'debug', facts: { ...facts }, message }),
      error: (facts, message) => log.push({ level: 'error', facts: { ...facts }, message }),
    },
    logRequests,
  });
  return { app, handler: app.callback(), pool, health, allocations, clock, log };
}

/** 0, 0.1 … 0.9, 0 …: a random source whose picks can be written into a test. */
export function counted(): () => number {
  let calls = 0;
  return () => (calls++ % 10) / 10;
}
