import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import request from 'supertest';
import { ROUTE_WORDS } from '../../src/api/schema.ts';
import { assertError } from '../support/error-response.ts';
import { createTestApp, NOW } from '../support/app.ts';

const ALLOCATE = '/api/v1/ip/allocate';

const HELD = {
  ip: '172.16.0.2',
  vm_id: 'vm-1',
  gateway: '172.16.0.1',
  network: '172.16.0.0/24',
  prefix_length: 24,
  allocated_at: '2026-01-02T03:04:05.678Z',
};

async function start(options?: Parameters<typeof createTestApp>[0]) {
  const app = await createTestApp(options);
  const api = request(app.handler);
  return { ...app, api, allocate: (body: object) => api.post(ALLOCATE).send(body) };
}

describe('POST /api/v1/ip/allocate', () => {
  it('answers 201 with the address, its network and the time', async () => {
    const { allocate } = await start();
    const answer = await allocate({ vm_id: 'vm-1' });
    assert.equal(answer.status, 201);
    assert.deepEqual(answer.body, HELD);
  });

  it('answers 200 with the same address when the VM holds one already, with the time of the first answer', async () => {
    const { allocate, clock } = await start();
    await allocate({ vm_id: 'vm-1' });
    clock.now = NOW + 60_000;
    const again = await allocate({ vm_id: 'vm-1' });
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, HELD);
  });

  it('gives 253 VMs of a /24 an address each, and nobody network, gateway or broadcast', async () => {
    const { allocate } = await start();
    const given = new Set<unknown>();
    for (let i = 0; i < 253; i++) given.add(((await allocate({ vm_id: `vm-${i}` })).body as { ip: string }).ip);
    assert.equal(given.size, 253);
    for (const never of ['172.16.0.0', '172.16.0.1', '172.16.0.255']) assert.equal(given.has(never), false);
  });

  it('answers 503 with Retry-After when the pool is exhausted, and still tells a VM the address that it holds', async () => {
    const { allocate, api } = await start({ cidr: '10.0.0.0/30' });
    assert.equal((await allocate({ vm_id: 'vm-1' })).status, 201);
    const answer = await allocate({ vm_id: 'vm-2' });
    assertError(answer, 503, 'pool_exhausted');
    assert.equal((answer.body as { error: string }).error, 'No available IPs in pool'); // clients of the Rust ippool read it
    assert.ok(Number(answer.get('Retry-After')) > 0);
    assert.equal((await allocate({ vm_id: 'vm-1' })).status, 200);
    await api.delete('/api/v1/ip/release/vm-1').expect(200);
    assert.equal((await allocate({ vm_id: 'vm-2' })).status, 201);
  });

  it('reads a body without Content-Type, and with the types that clients send', async () => {
    const { api } = await start();
    const untyped = api.post(ALLOCATE);
    untyped.write('{"vm_id":"vm-1"}'); // send() would name a type
    assert.equal((await untyped).status, 201);
    const types = ['application/json;', 'application/json; charset=UTF-8', 'Application/JSON', 'application/x+json'];
    for (const type of types) await api.post(ALLOCATE).set('Content-Type', type).send('{"vm_id":"vm-1"}').expect(200);
  });

  it('reads over a byte order mark and members it does not know', async () => {
    const { api } = await start();
    await api.post(ALLOCATE).type('json').send('\ufeff{"vm_id":"vm-1","tags":{"vm_id":"no"}}').expect(201);
  });

  it('reads a compressed body', async () => {
    const { api } = await start();
    const sending = api.post(ALLOCATE).type('json').set('Content-Encoding', 'gzip');
    sending.write(gzipSync('{"vm_id":"vm-1"}'));
    assert.equal((await sending).status, 201);
  });
});

describe('the hostname of an allocation', () => {
  it('is stored, told by every answer, and kept by a repeat that names none', async () => {
    const { allocate, api } = await start();
    const first = await allocate({ vm_id: 'vm-1', hostname: 'web-1.example.net' });
    assert.deepEqual(first.body, { ...HELD, hostname: 'web-1.example.net' });
    for (const body of [{ vm_id: 'vm-1' }, { vm_id: 'vm-1', hostname: null }]) {
      assert.deepEqual((await allocate(body)).body, { ...HELD, hostname: 'web-1.example.net' });
    }
    assert.deepEqual((await api.get('/api/v1/ip/vm-1')).body, { ...HELD, hostname: 'web-1.example.net' });
    assert.deepEqual((await api.get('/api/v1/ip/allocations')).body, [{ ...HELD, hostname: 'web-1.example.net' }]);
  });

  it('is replaced by a repeat with another', async () => {
    const { allocate, api } = await start();
    await allocate({ vm_id: 'vm-1', hostname: 'old' });
    const changed = await allocate({ vm_id: 'vm-1', hostname: 'new' });
    assert.equal(changed.status, 200);
    assert.deepEqual(changed.body, { ...HELD, hostname: 'new' });
    assert.deepEqual((await api.get('/api/v1/ip/vm-1')).body, { ...HELD, hostname: 'new' });
  });

  it('is absent when it is null or not given', async () => {
    const { allocate } = await start();
    assert.deepEqual((await allocate({ vm_id: 'vm-1', hostname: null })).body, HELD);
  });

  it('goes with the address: the next holder does not inherit it', async () => {
    const { allocate, api } = await start({ cidr: '10.0.0.0/30' });
    await allocate({ vm_id: 'vm-1', hostname: 'old' });
    await api.delete('/api/v1/ip/release/vm-1').expect(200);
    const next = await allocate({ vm_id: 'vm-2' });
    assert.equal((next.body as { ip: string }).ip, '10.0.0.2');
    assert.equal('hostname' in (next.body as object), false);
  });

  const label = 'a'.repeat(63);
  const longest = `${label}.${label}.${label}.${'a'.repeat(61)}`; // 253 characters
  for (const hostname of ['a', 'A-1', '9', 'xn--bcher-kva.example', label, longest]) {
    it(`may be ${hostname.length > 40 ? `${hostname.length} characters` : hostname}`, async () => {
      const { allocate } = await start();
      assert.equal((await allocate({ vm_id: 'vm-1', hostname })).status, 201);
    });
  }
  const bad = ['', '-a', 'a-', 'a..b', '.a', 'a.', 'a_b', 'a b', 'bücher', 'a/b', `${label}a`, `${longest}a`, 'a\n', 7];
  for (const hostname of [...bad, true, {}, []]) {
    it(`may not be ${JSON.stringify(hostname).slice(0, 30)}`, async () => {
      const { allocate, pool } = await start();
      assertError(await allocate({ vm_id: 'vm-1', hostname }), 400, 'invalid_request', 'hostname');
      assert.equal(pool.network('default').allocated, 0n);
    });
  }
});

describe('vm_id', () => {
  const good = ['a', 'Z9', '7', 'a.b_c:d@e-f', '0123456789'.repeat(12) + '12345678', 'Stats', 'allocations2'];
  for (const vm_id of [...good, 'constructor', 'toString', 'b3a9f1de-3c1c-4f77-9c1d-0a1b2c3d4e5f']) {
    it(`may be ${vm_id.slice(0, 40)}, in a body and in a path`, async () => {
      const { allocate, api } = await start();
      await api.get(`/api/v1/ip/${vm_id}`).expect(404);
      assert.equal((await allocate({ vm_id })).status, 201);
      assert.equal(((await api.get(`/api/v1/ip/${vm_id}`)).body as { vm_id: string }).vm_id, vm_id);
      await api.delete(`/api/v1/ip/release/${encodeURIComponent(vm_id)}`).expect(200);
    });
  }

  const bad = ['', '-a', 'a-', '.a', 'a.', 'a b', 'a/b', 'a\\b', 'ä', 'a\u0000', 'a\n', 'a%', 'a'.repeat(129), '..'];
  for (const vm_id of [...bad, '__proto__', ...ROUTE_WORDS, null, 7, true, {}, ['vm-1']]) {
    it(`may not be ${JSON.stringify(vm_id).slice(0, 30)}`, async () => {
      const { allocate, api, pool } = await start();
      assertError(await allocate({ vm_id }), 400, 'invalid_request', 'vm_id');
      assert.equal(pool.network('default').allocated, 0n);
      if (typeof vm_id !== 'string' || vm_id === '' || vm_id === '..') return; // those are other paths
      assertError(await api.delete(`/api/v1/ip/release/${encodeURIComponent(vm_id)}`), 400, 'invalid_request', 'vm_id');
    });
  }

  it('has to be given', async () => {
    const { allocate, api } = await start();
    assertError(await allocate({}), 400, 'invalid_request', 'vm_id');
    assertError(await allocate({ VM_ID: 'a' }), 400, 'invalid_request', 'vm_id');
    assertError(await api.post(ALLOCATE), 400, 'invalid_request', 'vm_id');
  });
});
