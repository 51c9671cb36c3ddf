import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import { PoolError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { assertError } from '../support/error-response.ts';
import { createTestApp } from '../support/app.ts';

async function start(options?: Parameters<typeof createTestApp>[0]) {
  const app = await createTestApp(options);
  return { ...app, api: request(app.handler) };
}

const ALLOCATE = '/api/v1/ip/allocate';
/** What ippool numbers a request with. */
const OWN_ID = /^[0-9a-f]{12}-[0-9a-z]+$/;

describe('X-Request-Id', () => {
  const calls = ['/livez', '/api/v1/ip/stats', '/api/v1/ip/vm-1', '/nowhere', '/api/v1/ip/allocate'];

  it('stands on every answer and is never the same', async () => {
    const { api } = await start();
    const ids = await Promise.all(calls.map(async (path) => (await api.get(path)).get('X-Request-Id') ?? ''));
    for (const id of ids) assert.match(id, OWN_ID);
    assert.equal(new Set(ids).size, calls.length);
  });

  it('is the one of the request when that is a plain word of at most 128 characters', async () => {
    const { api } = await start();
    for (const id of ['a', 'trace:1.2-3_4', 'x'.repeat(128)]) {
      for (const path of calls) await api.get(path).set('X-Request-Id', id).expect('X-Request-Id', id);
    }
    for (const id of ['', 'a b', 'a"b', 'a,b', 'x'.repeat(129), '<script>']) {
      const answer = await api.get('/nowhere').set('X-Request-Id', id);
      assert.match(answer.get('X-Request-Id') ?? '', OWN_ID);
      assertError(answer, 404, 'route_not_found');
    }
  });
});

describe('an unknown route', () => {
  for (const path of ['/', '/api', '/api/v1', '/api/v1/ip', '/api/v2/ip/stats', '/api/v1/ip/release/a/b', '//livez']) {
    it(`${path} is 404`, async () => {
      const { api } = await start();
      assertError(await api.get(path), 404, 'route_not_found');
    });
  }

  it('is one in other letters too', async () => {
    const { api } = await start();
    for (const path of ['/API/v1/ip/stats', '/Livez', '/api/v1/IP/stats']) {
      assertError(await api.get(path), 404, 'route_not_found');
    }
  });
});

describe('a wrong method', () => {
  const wrong: [method: 'get' | 'post' | 'put' | 'patch' | 'delete' | 'options', path: string, allow: string][] = [
    ['get', ALLOCATE, 'POST'],
    ['put', ALLOCATE, 'POST'],
    ['delete', ALLOCATE, 'POST'],
    ['options', ALLOCATE, 'POST'],
    ['post', '/api/v1/ip/release/vm-1', 'DELETE'],
    ['get', '/api/v1/ip/release/vm-1', 'DELETE'],
    ['get', '/api/v1/ip/release-by-ip/172.16.0.2', 'DELETE'],
    ['post', '/api/v1/ip/allocations', 'HEAD, GET'],
    ['delete', '/api/v1/ip/stats', 'HEAD, GET'],
    ['delete', '/api/v1/ip/vm-1', 'HEAD, GET'],
    ['patch', '/livez', 'HEAD, GET'],
    ['post', '/readyz', 'HEAD, GET'],
    ['options', '/api/v1/health', 'HEAD, GET'],
  ];
  for (const [method, path, allow] of wrong) {
    it(`${method.toUpperCase()} ${path} is 405 and allows ${allow}`, async () => {
      const { api } = await start();
      const answer = await api[method](path);
      assertError(answer, 405, 'method_not_allowed');
      assert.equal(answer.get('Allow'), allow);
    });
  }
});

describe('HEAD', () => {
  it('answers what GET answers, without the body', async () => {
    const { api } = await start();
    await api.post(ALLOCATE).send({ vm_id: 'vm-1' }).expect(201);
    for (const path of ['/livez', '/readyz', '/api/v1/health', '/api/v1/ip/stats', '/api/v1/ip/vm-1']) {
      const [get, head] = [await api.get(path), await api.head(path)];
      assert.equal(head.status, 200);
      assert.equal(head.get('Content-Length'), get.get('Content-Length'));
      assert.equal(head.get('Content-Type'), get.get('Content-Type'));
    }
    await api.head('/api/v1/ip/allocations').expect(200);
    await api.head('/api/v1/ip/vm-2').expect(404);
  });
});

describe('a body', () => {
  it('of another type is 415', async () => {
    const { api } = await start();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'text/json', 'application/jsonx', 'json']) {
      const answer = await api.post(ALLOCATE).set('Content-Type', type).send('{"vm_id":"vm-1"}');
      assertError(answer, 415, 'unsupported_media_type', 'Content-Type');
    }
  });

  it('of 64 KiB is read, of one byte more is 413', async () => {
    const { api } = await start();
    const padded = (bytes: number) => `{"vm_id":"vm-1"${' '.repeat(bytes - 16)}}`;
    await api.post(ALLOCATE).type('json').send(padded(65_536)).expect(201);
    assertError(await api.post(ALLOCATE).type('json').send(padded(65_537)), 413, 'payload_too_large', 'body');
  });

  it('that is no JSON object is 400', async () => {
    const { api } = await start();
    for (const text of ['', ' ', '[]', '{}', '[{"vm_id":"a"}]']) {
      const answer = await api.post(ALLOCATE).type('json').send(text);
      assert.equal(answer.status, 400, text);
    }
    for (const text of ['null', '"a"', '7', '{"vm_id":}', "{'vm_id':'a'}", '{"vm_id":"a"', '{"vm_id":"a"}}', 'NaN']) {
      assertError(await api.post(ALLOCATE).type('json').send(text), 400, 'invalid_json', 'body');
    }
  });

  it('that two readers could understand differently is 400', async () => {
    const { api } = await start();
    const twice = ['{"vm_id":"a","vm_id":"b"}', '{"vm_id":"a","\\u0076m_id":"b"}', '{"vm_id":"a","x":[{"y":1,"y":2}]}'];
    for (const text of twice) {
      assertError(await api.post(ALLOCATE).type('json').send(text), 400, 'invalid_json', 'body');
    }
    await api.post(ALLOCATE).type('json').send('{"vm_id":"a","x":"\\"vm_id\\":","y":["vm_id"]}').expect(201);
  });
});

describe('an error that nobody foresaw', () => {
  class BrokenStore extends MemoryStore {
    override commit(): Promise<void> {
      return Promise.reject(new Error('secret of the inside'));
    }
  }

  it('is 500, says nothing of the inside, and is logged with its cause under the same id', async () => {
    const { api, log } = await start({ store: new BrokenStore() });
    const answer = await api.post(ALLOCATE).send({ vm_id: 'vm-1' });
    assertError(answer, 500, 'internal');
    assert.doesNotMatch(answer.text, /secret/);
    assert.equal(log.length, 1);
    assert.equal(log[0]?.level, 'error');
    assert.equal(log[0].facts.request_id, answer.get('X-Request-Id'));
    assert.match(String(log[0].facts.err), /secret/);
  });
});

describe('a full disk', () => {
  class FullStore extends MemoryStore {
    override commit(): Promise<void> {
      return Promise.reject(new PoolError('storage_full', 'no room'));
    }
  }

  it('is 507 with Retry-After, and reads go on; it is the store that logs it, once', async () => {
    const { api, log } = await start({ store: new FullStore() });
    const answer = await api.post(ALLOCATE).send({ vm_id: 'vm-1' });
    assertError(answer, 507, 'storage_full');
    assert.match(answer.get('Retry-After') ?? '', /^\d+$/);
    assert.deepEqual(log, []);
    await api.get('/api/v1/ip/stats').expect(200);
    await api.get('/api/v1/ip/vm-1').expect(404);
  });
});

describe('the request log', () => {
  it('holds every request when asked for, without its query, and none otherwise', async () => {
    const { api, log } = await start({ logRequests: true });
    await api.get('/api/v1/ip/allocations?vm_id_prefix=vm');
    const answer = await api.get('/nowhere');
    assert.deepEqual(
      log.map(({ facts: { method, path, status } }) => ({ method, path, status })),
      [
        { method: 'GET', path: '/api/v1/ip/allocations', status: 200 },
        { method: 'GET', path: '/nowhere', status: 404 },
      ],
    );
    assert.equal(log[1]?.facts.request_id, answer.get('X-Request-Id'));
    const silent = await start();
    await silent.api.get('/nowhere');
    assert.deepEqual(silent.log, []);
  });
});
