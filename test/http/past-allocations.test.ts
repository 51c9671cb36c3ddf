import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { after, startHistorySite } from '../support/history-site.ts';
import { pagesOf } from '../support/site.ts';

const SWEEPER = { actor: 'ippool', requestId: 'expiry' };

/** Of 172.16.0.2 to .9 those with odd ends are released, .3 first; .8 has expired after that. */
async function start() {
  const site = await startHistorySite();
  const all: NetworkAllocation[] = [];
  for (let i = 2; i < 10; i++) {
    all.push(
      await site.give({ network: 'default', vm_id: `vm-${i}`, tags: [`t${i % 3}`], ...(i === 8 ? { ttl: 60 } : {}) }),
    );
  }
  for (const { id, ip } of all) {
    if (Number(ip.split('.')[3]) % 2 === 0) continue;
    await site.as('anna', `/allocations/${id}/release`);
  }
  site.pass(60_000);
  const dot = (...ends: number[]) => ends.map((end) => `172.16.0.${end}`);
  return { ...site, all, dot };
}

const HELD = [2, 4, 6];
const ENDED = [8, 9, 7, 5, 3];

describe('GET /api/v1/allocations?status=', () => {
  it('tells what is held, what was released, what has expired, or all of it', async () => {
    const { ips, dot, networks } = await start();
    await networks.sweep(SWEEPER);
    assert.deepEqual(await ips(''), dot(...HELD));
    assert.deepEqual(await ips('?status=allocated'), dot(...HELD));
    assert.deepEqual(await ips('?status=released'), dot(9, 7, 5, 3));
    assert.deepEqual(await ips('?status=expired'), dot(8));
    assert.deepEqual(await ips('?status=all'), dot(...HELD, ...ENDED));
    assert.deepEqual(await ips('?all=true'), dot(...HELD, ...ENDED));
    assert.deepEqual(await ips('?all=true&status=expired'), dot(8), 'status says more than all');
    assert.deepEqual(await ips('?all=false'), dot(...HELD));
  });

  it('is paged across the boundary from what is held to what has ended', async () => {
    const { dot, ...site } = await start();
    await site.networks.sweep(SWEEPER);
    const whole = dot(...HELD, ...ENDED);
    for (const limit of [1, 2, 3, 4, 5, 8, 100]) {
      const pages = await pagesOf(site, `/allocations?all=true&limit=${limit}`);
      assert.deepEqual(pages.flat(), whole, `limit ${limit}`);
      assert.equal(pages.length, Math.ceil(whole.length / limit));
    }
    assert.deepEqual((await pagesOf(site, '/allocations?status=released&limit=3')).flat(), dot(9, 7, 5, 3));
  });

  it('keeps its filters behind the boundary', async () => {
    const { ips, dot, add, give, as, networks } = await start();
    await networks.sweep(SWEEPER);
    assert.deepEqual(await ips('?all=true&vm_id=vm-7'), dot(7));
    assert.deepEqual(await ips('?all=true&vm_id_prefix=vm-&tag=t0'), dot(6, 9, 3));
    assert.deepEqual(await ips('?all=true&cidr=172.16.0.4/30'), dot(4, 6, 7, 5));
    assert.deepEqual(await ips('?all=true&ip=172.16.0.5'), dot(5));
    assert.deepEqual(await ips('?all=true&network=default&hostname=none'), []);
    await add('fd00::/64', { name: 'six' });
    const range = await give({ network: 'six', vm_id: 'vm-66', ip: 'fd00::a0', count: 32, mac: '52-54-00-00-00-66' });
    await as('anna', `/allocations/${range.id}/release`);
    for (const query of ['ip=FD00:0::A1', 'cidr=fd00::b0/124', 'mac=525400000066', 'network=six']) {
      assert.deepEqual(await ips(`?status=released&${query}`), ['fd00::a0'], query);
    }
    assert.deepEqual(await ips('?status=released&cidr=fd00::c0/124'), []);
  });

  it('refuses filters that are wrong, whatever is asked for', async () => {
    const { api } = await start();
    for (const status of ['allocated', 'released', 'expired', 'all']) {
      const ask = (query: string) => api.get(`/api/v1/allocations?status=${status}&${query}`);
      assertError(await ask('ip=x'), 400, 'invalid_address', 'ip');
      assertError(await ask('ip=x&limit=1'), 400, 'invalid_address', 'ip');
      assertError(await ask('cidr=10.0.0.1/8'), 400, 'invalid_request', 'cidr');
      assertError(await ask('network=nowhere'), 404, 'network_not_found');
      assertError(await ask('cursor=IyM'), 400, 'invalid_request', 'cursor');
    }
    assertError(await api.get('/api/v1/allocations?status=lost'), 400, 'invalid_request', 'status');
  });
});

describe('GET /api/v1/allocations/{id}', () => {
  it('tells one that has ended as it was in the end', async () => {
    const { all, get, pass, networks } = await start();
    const was = all[1] ?? assert.fail();
    const { body } = await get(`/allocations/${was.id}`);
    assert.deepEqual(body, { ...was, status: 'released', released_at: after(NOW, 1) });
    pass(5000); // and only then somebody sweeps
    await networks.sweep(SWEEPER);
    const lease = all[6] ?? assert.fail();
    const expired = await get(`/allocations/${lease.id}`);
    assert.deepEqual(expired.body, { ...lease, status: 'expired', released_at: lease.expires_at });
  });

  it('tells those that had an address one after the other apart', async () => {
    const { all, get, give, as } = await start();
    const was = all[1] ?? assert.fail();
    const next = await give({ network: 'default', vm_id: 'vm-2b', ip: was.ip });
    assert.equal((await get(`/allocations/${was.id}`)).body.vm_id, was.vm_id);
    assert.equal((await get(`/allocations/${next.id}`)).body.status, 'allocated');
    await as('anna', `/allocations/${next.id}/release`);
    assert.equal((await get(`/allocations/${was.id}`)).body.vm_id, was.vm_id);
    assert.equal((await get(`/allocations/${next.id}`)).body.vm_id, 'vm-2b');
  });

  it('still tells one whose network is gone', async () => {
    const { add, give, get, patch, remove, pass } = await start();
    await add('10.1.0.0/24', { name: 'gone' });
    const was = await give({ network: 'gone', vm_id: 'vm-9' });
    await patch('/networks/gone', { drain: true });
    pass(1000);
    await remove('/networks/gone?force=true').expect(204);
    const { status, body } = await get(`/allocations/${was.id}`);
    assert.deepEqual([status, body.ip, body.status, body.network_id], [200, was.ip, 'released', was.network_id]);
  });

  it('is 404 for what never was', async () => {
    const { api, all } = await start();
    const { id } = all[1] ?? assert.fail();
    for (const other of [`${id}0`, id.replace(/^ac/, 'ad'), 'nothing', id.toUpperCase()]) {
      assertError(await api.get(`/api/v1/allocations/${other}`), 404, 'allocation_not_found');
    }
  });
});
