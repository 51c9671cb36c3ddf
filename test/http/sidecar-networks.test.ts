import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Allocation, Stats } from '../../src/api/schema.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { startSite } from '../support/site.ts';

describe('?network= on /api/v1/ip', () => {
  async function start() {
    const site = await startSite();
    const lab = await site.add('10.1.0.0/24', { name: 'lab' });
    return { ...site, lab, ip: async <T = Allocation>(path: string) => (await site.get<T>(`/ip/${path}`)).body };
  }

  it('allocates, tells, lists, counts and releases there, and leaves default alone', async () => {
    const { api, lab, ip, remove } = await start();
    for (const name of ['lab', lab.id, '10.1.0.0%2F24']) {
      const answer = await api.post(`/api/v1/ip/allocate?network=${name}`).send({ vm_id: 'a' });
      assert.equal((answer.body as Allocation).ip, '10.1.0.1');
      assert.equal((await ip(`a?network=${name}`)).ip, '10.1.0.1');
      assert.equal((await ip<Allocation[]>(`allocations?network=${name}`)).length, 1);
      const stats = await ip<Stats>(`stats?network=${name}`);
      assert.deepEqual([stats.network, stats.total, stats.allocated], ['10.1.0.0/24', 254, 1]);
    }
    assertError(await api.get('/api/v1/ip/a'), 404, 'allocation_not_found');
    assert.deepEqual(await ip<Allocation[]>('allocations'), []);
    assertError(await remove('/ip/release/a'), 404, 'allocation_not_found');
    assertError(await remove('/ip/release-by-ip/10.1.0.1?network=default'), 400, 'invalid_address', 'ip');
    assert.equal((await remove('/ip/release/a?network=lab')).status, 200);
  });

  it('is found by the address when an address is released', async () => {
    const { give, remove } = await start();
    await give({ network: 'lab', vm_id: 'a' });
    assert.equal((await remove('/ip/release-by-ip/10.1.0.1')).status, 200);
    assertError(await remove('/ip/release-by-ip/10.1.0.1'), 404, 'allocation_not_found');
    assertError(await remove('/ip/release-by-ip/10.9.0.1'), 400, 'invalid_address', 'ip');
  });

  it('is 404 for one that nobody knows, on every route', async () => {
    const { api, remove } = await start();
    assertError(await api.post('/api/v1/ip/allocate?network=x').send({ vm_id: 'a' }), 404, 'network_not_found');
    for (const path of ['a', 'allocations', 'allocations?limit=2', 'stats']) {
      const sign = path.includes('?') ? '&' : '?';
      assertError(await api.get(`/api/v1/ip/${path}${sign}network=x`), 404, 'network_not_found');
    }
    assertError(await remove('/ip/release/a?network=x'), 404, 'network_not_found');
    assertError(await remove('/ip/release-by-ip/10.1.0.1?network=x'), 404, 'network_not_found');
  });

  it('is 404 on all routes once default is removed, until ?network= names another', async () => {
    const { api, remove } = await start();
    assert.equal((await remove('/networks/default')).status, 204);
    assertError(await api.post('/api/v1/ip/allocate').send({ vm_id: 'a' }), 404, 'network_not_found');
    assertError(await api.get('/api/v1/ip/stats'), 404, 'network_not_found');
    assertError(await api.get('/api/v1/ip/allocations'), 404, 'network_not_found');
    await api.post('/api/v1/ip/allocate?network=lab').send({ vm_id: 'a' }).expect(201);
  });
});

describe('/api/v1/ip on a network of IPv6', () => {
  it('speaks as with IPv4', async () => {
    const { api, get } = await startSite({ cidr: 'fd00:1::/64' });
    const answer = await api.post('/api/v1/ip/allocate').send({ vm_id: 'a' });
    const held = {
      ...{ ip: 'fd00:1::2', vm_id: 'a', gateway: 'fd00:1::1', network: 'fd00:1::/64', prefix_length: 64 },
      allocated_at: new Date(NOW).toISOString(),
    };
    assert.deepEqual([answer.status, answer.body], [201, held]);
    assert.deepEqual((await get('/ip/a')).body, held);
    assert.deepEqual((await get('/ip/allocations?ip=FD00:1:0:0::2')).body, [held]);
    const stats = (await get<Stats>('/ip/stats')).body;
    assert.deepEqual(
      [stats.total, stats.allocated, stats.available],
      ['18446744073709551614', 1, '18446744073709551613'],
    );
    for (const ip of ['fd00:1::0002', 'FD00:1::2', 'fd00%3A1%3A%3A2']) {
      const released = await api.delete(`/api/v1/ip/release-by-ip/${ip}`);
      assert.deepEqual(released.body, { message: 'IP released successfully', vm_id: 'a', ip: 'fd00:1::2' });
      await api.post('/api/v1/ip/allocate').send({ vm_id: 'b' });
      await api.delete('/api/v1/ip/release/b').expect(200);
      await api.post('/api/v1/allocations').send({ network: 'default', vm_id: 'a', ip: 'fd00:1::2' }).expect(201);
    }
    await api.delete('/api/v1/ip/release/a?ip=fd00:1:0::2').expect(200);
    for (const ip of ['fd00:1::g', 'fd00:1::2%25eth0', '172.16.0.2', '::ffff:172.16.0.2', 'fd00:2::1']) {
      assertError(await api.delete(`/api/v1/ip/release-by-ip/${ip}`), 400, 'invalid_address', 'ip');
    }
  });
});
