import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import { assertError } from '../support/error-response.ts';
import { createTestApp } from '../support/app.ts';

async function start(options?: Parameters<typeof createTestApp>[0]) {
  const app = await createTestApp(options);
  const api = request(app.handler);
  await api.post('/api/v1/ip/allocate').send({ vm_id: 'vm-1' }).expect(201);
  const ipOf = async (vm_id: string) => ((await api.get(`/api/v1/ip/${vm_id}`)).body as { ip?: string }).ip;
  return { ...app, api, ipOf };
}

describe('DELETE /api/v1/ip/release/{vm_id}', () => {
  it('takes the address back and tells which it was', async () => {
    const { api, ipOf } = await start();
    const answer = await api.delete('/api/v1/ip/release/vm-1');
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { message: 'IP released successfully', vm_id: 'vm-1', ip: '172.16.0.2' });
    assert.equal(await ipOf('vm-1'), undefined);
  });

  it('answers 404 when the VM holds none, also the second time', async () => {
    const { api } = await start();
    assertError(await api.delete('/api/v1/ip/release/vm-2'), 404, 'allocation_not_found');
    await api.delete('/api/v1/ip/release/vm-1').expect(200);
    const again = await api.delete('/api/v1/ip/release/vm-1');
    assertError(again, 404, 'allocation_not_found');
    assert.equal((again.body as { error: string }).error, 'IP not found'); // clients of the Rust ippool read it
  });

  it('leads to the address being reused last', async () => {
    const { api } = await start({ cidr: '10.0.0.0/29' }); // five addresses
    await api.delete('/api/v1/ip/release/vm-1').expect(200);
    const given: string[] = [];
    for (let i = 2; i <= 6; i++) {
      const answer = await api.post('/api/v1/ip/allocate').send({ vm_id: `vm-${i}` });
      given.push((answer.body as { ip: string }).ip);
    }
    assert.deepEqual(given, ['10.0.0.3', '10.0.0.4', '10.0.0.5', '10.0.0.6', '10.0.0.2']);
  });

  it('releases with ?ip= when that is still the address', async () => {
    const { api, ipOf } = await start();
    await api.delete('/api/v1/ip/release/vm-1?ip=172.16.0.2').expect(200);
    assert.equal(await ipOf('vm-1'), undefined);
  });

  it('answers 409 to ?ip= of an earlier address, and releases nothing: a late retry of a release is harmless', async () => {
    const { api, ipOf } = await start();
    await api.delete('/api/v1/ip/release/vm-1?ip=172.16.0.2').expect(200);
    await api.post('/api/v1/ip/allocate').send({ vm_id: 'vm-1' }).expect(201);
    const details = assertError(await api.delete('/api/v1/ip/release/vm-1?ip=172.16.0.2'), 409, 'address_mismatch');
    assert.deepEqual(details, { vm_id: 'vm-1', ip: '172.16.0.3' });
    assert.equal(await ipOf('vm-1'), '172.16.0.3');
  });

  it('refuses an ?ip= that is no address, stands twice, or behind a thousand others, and releases nothing', async () => {
    const { api, ipOf } = await start();
    for (const ip of ['', 'x', '172.16.000.2', '0xac100002', '2886729730', '172.16.2', '::ffff:172.16.0.02']) {
      assertError(await api.delete(`/api/v1/ip/release/vm-1?ip=${ip}`), 400, 'invalid_address', 'ip');
    }
    const twice = '/api/v1/ip/release/vm-1?ip=172.16.0.2&ip=172.16.0.2';
    assertError(await api.delete(twice), 400, 'invalid_request', 'ip');
    assertError(await api.delete('/api/v1/ip/release/vm-1?ip=::ffff:172.16.0.2'), 409, 'address_mismatch'); // of IPv6
    const hidden = `/api/v1/ip/release/vm-1?${'a&'.repeat(1500)}ip=172.16.0.9`;
    assertError(await api.delete(hidden), 409, 'address_mismatch');
    assert.equal(await ipOf('vm-1'), '172.16.0.2');
  });
});

describe('DELETE /api/v1/ip/release-by-ip/{ip}', () => {
  it('takes the address back from whoever holds it', async () => {
    const { api, ipOf } = await start();
    const answer = await api.delete('/api/v1/ip/release-by-ip/172.16.0.2');
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, { message: 'IP released successfully', vm_id: 'vm-1', ip: '172.16.0.2' });
    assert.equal(await ipOf('vm-1'), undefined);
  });

  it('answers 404 for an address that nobody holds, those never given out among them', async () => {
    const { api } = await start();
    for (const ip of ['172.16.0.3', '172.16.0.0', '172.16.0.1', '172.16.0.255']) {
      assertError(await api.delete(`/api/v1/ip/release-by-ip/${ip}`), 404, 'allocation_not_found');
    }
  });

  it('answers 400 for what is no address or not in the network', async () => {
    const { api, ipOf } = await start();
    const bad = ['172.16.1.2', '10.0.0.1', '172.16.000.2', '0xac100002', '172.16.2', '172.16.0.2%20', 'vm-1', '::1'];
    for (const ip of [...bad, '172.16.0.256', '172.16.0.2%00', '2886729730', '172.16.0.2.', '+172.16.0.2']) {
      const answer = await api.delete(`/api/v1/ip/release-by-ip/${ip}`);
      assertError(answer, 400, 'invalid_address', 'ip');
      assert.equal((answer.body as { error: string }).error, 'Invalid IP address'); // clients of the Rust ippool read it
    }
    assert.equal(await ipOf('vm-1'), '172.16.0.2');
  });
});
