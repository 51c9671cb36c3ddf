import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import type { Readiness } from '../../src/api/schema.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import type { StoreHealth } from '../../src/store/store.ts';
import { assertError } from '../support/error-response.ts';
import { createTestApp } from '../support/app.ts';

class MoodyStore extends MemoryStore {
  mood: StoreHealth = { writable: true, reason: 'ok' };
  override health(): StoreHealth {
    return this.mood;
  }
}

async function start() {
  const store = new MoodyStore();
  const app = await createTestApp({ store });
  return { ...app, store, api: request(app.handler) };
}

const READY = { loaded: 'ok', accepting: 'ok', store: 'ok' };

describe('GET /api/v1/health', () => {
  it('answers as the Rust ippool does, with version and whole seconds since the start', async () => {
    const { api, clock } = await start();
    clock.now += 61_999;
    const answer = await api.get('/api/v1/health').expect(200);
    assert.deepEqual(answer.body, {
      status: 'healthy',
      service: 'ipam',
      cluster_mode: false,
      version: '1.2.3',
      uptime_seconds: 61,
    });
  });

  it('says 0 seconds when the clock was set back', async () => {
    const { api, clock } = await start();
    clock.now -= 60_000;
    assert.equal(((await api.get('/api/v1/health')).body as { uptime_seconds: number }).uptime_seconds, 0);
  });
});

describe('GET /livez', () => {
  it('answers 200 in every phase, whatever the store says', async () => {
    const { api, health, store } = await start();
    store.mood = { writable: false, reason: 'the disk failed' };
    for (const phase of ['loading', 'ready', 'draining'] as const) {
      health.phase = phase;
      await api.get('/livez').expect(200, { status: 'alive' });
    }
  });
});

for (const path of ['/readyz', '/healthz']) {
  describe(`GET ${path}`, () => {
    it('answers 200 with every check when it can give addresses, also when none is left', async () => {
      const { api } = await start();
      await api.get(path).expect(200, { status: 'ready', checks: READY });
      const full = await createTestApp({ cidr: '10.0.0.0/30' });
      await request(full.handler).post('/api/v1/ip/allocate').send({ vm_id: 'a' }).expect(201);
      await request(full.handler).get(path).expect(200);
    });

    it('answers 503 with the failing check while loading, draining or unable to write', async () => {
      const { api, health, store } = await start();
      const failing = async () => {
        const answer = await api.get(path).expect(503).expect('Retry-After', /^\d+$/);
        const { status, checks } = answer.body as { status: string; checks: Record<string, string> };
        assert.equal(status, 'not ready');
        return Object.keys(checks).filter((name) => checks[name] !== 'ok');
      };
      health.phase = 'loading';
      assert.deepEqual(await failing(), ['loaded']);
      health.phase = 'draining';
      assert.deepEqual(await failing(), ['accepting']);
      health.phase = 'ready';
      store.mood = { writable: false, reason: 'the disk is full' };
      assert.deepEqual(await failing(), ['store']);
      store.mood = { writable: true, reason: 'ok' };
      await api.get(path).expect(200);
    });
  });
}

describe('GET /readyz while a data folder is being read', () => {
  it('says how far that is, in bytes and for people, and so does the refusal of every call', async () => {
    const { api, health, store } = await start();
    health.phase = 'loading';
    store.mood = { writable: false, reason: 'not open', progress: { done: 439, total: 1000 } };
    const { loading, checks } = (await api.get('/readyz').expect(503)).body as Readiness;
    assert.deepEqual(loading, { read_bytes: 439, total_bytes: 1000 });
    assert.match(checks.loaded ?? '', /, 43 %$/);
    const refused = await api.get('/api/v1/ip/vm-1');
    assertError(refused, 503, 'loading');
    assert.match((refused.body as { error: string }).error, /, 43 %:/);
    health.phase = 'ready';
    assert.equal((await api.get('/readyz')).text.includes('loading'), false);
  });
});

describe('the phases of the service', () => {
  it('loading: every call but the probes is 503 with Retry-After', async () => {
    const { api, health } = await start();
    health.phase = 'loading';
    const calls = [
      api.get('/api/v1/ip/vm-1'),
      api.get('/api/v1/ip/stats'),
      api.get('/api/v1/ip/allocations'),
      api.post('/api/v1/ip/allocate').send({ vm_id: 'vm-1' }),
      api.delete('/api/v1/ip/release/vm-1'),
    ];
    for (const call of calls) {
      const answer = await call;
      assertError(answer, 503, 'loading');
      assert.match(answer.get('Retry-After') ?? '', /^\d+$/);
    }
    await api.get('/api/v1/health').expect(200);
  });

  it('draining: what still comes is answered, and told to close its connection', async () => {
    const { api, health } = await start();
    health.phase = 'draining';
    await api.post('/api/v1/ip/allocate').send({ vm_id: 'vm-1' }).expect(201).expect('Connection', 'close');
  });

  it('a store that is closed: changes are 503 with Retry-After, and change nothing', async () => {
    const { api, store, pool } = await start();
    await store.close();
    const answer = await api.post('/api/v1/ip/allocate').send({ vm_id: 'vm-1' });
    assertError(answer, 503, 'store_unavailable');
    assert.match(answer.get('Retry-After') ?? '', /^\d+$/);
    assert.equal(pool.network('default').allocated, 0n);
    assert.equal(pool.network('default').available, 253n);
  });
});
