import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { startSite } from '../support/site.ts';

const later = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

async function start() {
  const site = await startSite();
  const held = await site.give({ network: 'default', vm_id: 'a', hostname: 'web', tags: ['x'], description: 'd' });
  return { ...site, held, path: `/allocations/${held.id}` };
}

describe('an allocation id', () => {
  it('leads to the allocation while it stands, and to how it ended after that', async () => {
    const { get, remove, path, held, pass } = await start();
    assert.deepEqual((await get(path)).body, held);
    pass(1000);
    await remove('/ip/release/a').expect(200);
    const ended = { ...held, status: 'released', released_at: later(1) };
    assert.deepEqual((await get(path)).body, ended);
  });

  it('is never that of the next allocation of the address, not even within the same millisecond', async () => {
    const { post, patch, get, path, held } = await start();
    for (let i = 0; i < 3; i++) {
      const { body } = await post('/allocations', { network: 'default', vm_id: `b${i}`, ip: '172.16.0.9' });
      assert.equal((await post(`/allocations/${body.id}/release`)).status, 204);
      const { body: next } = await post('/allocations', { network: 'default', vm_id: `c${i}`, ip: '172.16.0.9' });
      assert.notEqual(next.id, body.id);
      assert.equal((await get(`/allocations/${body.id}`)).body.vm_id, `b${i}`);
      assertError(await patch(`/allocations/${body.id}`, { hostname: 'x' }), 404, 'allocation_not_found');
      assertError(await post(`/allocations/${body.id}/release`), 404, 'allocation_not_found');
      assert.equal((await post(`/allocations/${next.id}/release`)).status, 204);
    }
    assert.deepEqual((await get(path)).body, held);
  });

  it('of nothing is 404, on every route', async () => {
    const { get, post, patch, held } = await start();
    const inside = held.id.replace('ac100002', 'ac100003');
    for (const id of [
      'x',
      'ac100002',
      `${held.id}0`,
      inside,
      held.id.toUpperCase(),
      '%00',
      '__proto__',
      'z'.repeat(300),
    ]) {
      assertError(await get(`/allocations/${id}`), 404, 'allocation_not_found');
      assertError(await patch(`/allocations/${id}`, { hostname: 'x' }), 404, 'allocation_not_found');
      assertError(await post(`/allocations/${id}/release`), 404, 'allocation_not_found');
      assertError(await post(`/allocations/${id}/renew`, { ttl: 5 }), 404, 'allocation_not_found');
    }
  });
});

describe('PATCH /api/v1/allocations/{id}', () => {
  it('changes what is given, and nothing else', async () => {
    const { patch, get, path, held } = await start();
    const { status, body } = await patch(path, { mac: '525400ABCDEF', tags: ['y', 'z'] });
    assert.equal(status, 200);
    assert.deepEqual(body, { ...held, mac: '52:54:00:ab:cd:ef', tags: ['y', 'z'] });
    assert.deepEqual((await get(path)).body, body);
    assert.deepEqual((await patch(path, {})).body, body);
  });

  it('clears by null', async () => {
    const { patch, path, held } = await start();
    await patch(path, { mac: '52:54:00:ab:cd:ef' });
    const { body } = await patch(path, { hostname: null, tags: null, description: null, mac: null });
    assert.deepEqual(body, { ...held, hostname: '', tags: [], description: '', mac: null });
  });

  it('makes a MAC, once', async () => {
    const { patch, path, ips } = await start();
    const { body } = await patch(path, { mac: 'auto' });
    assert.match(String(body.mac), /^[0-9a-f]2(:[0-9a-f]{2}){5}$/);
    assert.equal((await patch(path, { mac: 'auto' })).body.mac, body.mac);
    assert.deepEqual(await ips(`?mac=${body.mac ?? ''}`), ['172.16.0.2']);
  });

  it('is found by what it was changed to, and not by what it was', async () => {
    const { patch, path, ips } = await start();
    await patch(path, { mac: '52:54:00:00:00:01', hostname: 'new', tags: ['n'] });
    await patch(path, { mac: '52:54:00:00:00:02' });
    for (const query of ['mac=52:54:00:00:00:02', 'hostname=new', 'tag=n'])
      assert.equal((await ips(`?${query}`)).length, 1);
    for (const query of ['mac=52:54:00:00:00:01', 'hostname=web', 'tag=x'])
      assert.deepEqual(await ips(`?${query}`), []);
  });
});

describe('POST /api/v1/allocations/{id}/renew', () => {
  it('lets the time begin anew: by seconds, by hours, or by what it was given for', async () => {
    const { give, post, pass } = await start();
    const held = await give({ network: 'default', vm_id: 'l', ttl: 60 });
    const path = `/allocations/${held.id}/renew`;
    pass(50_000);
    assert.equal((await post(path)).body.expires_at, later(110));
    assert.equal((await post(path, { ttl: 100 })).body.expires_at, later(150));
    assert.equal((await post(path, { ttl_hours: 0.5 })).body.expires_at, later(50 + 1800));
    assert.equal((await post(path, { ttl: 1 })).body.expires_at, later(51));
    pass(1000);
    assertError(await post(path, { ttl: 60 }), 404, 'allocation_not_found');
  });

  it('of one that never ends gives it an end only when one is said', async () => {
    const { post, path } = await start();
    assert.equal((await post(`${path}/renew`)).body.expires_at, null);
    assert.equal((await post(`${path}/renew`, { ttl: 60 })).body.expires_at, later(60));
  });

  it('is what a repeated allocation with a ttl does too', async () => {
    const { give, post, pass } = await start();
    const body = { network: 'default', vm_id: 'l', ttl_hours: 1 };
    assert.equal((await give(body)).expires_at, later(3600));
    pass(1_000_000);
    assert.equal((await post('/allocations', body)).body.expires_at, later(4600));
    assert.equal((await post('/allocations', { network: 'default', vm_id: 'l' })).body.expires_at, later(4600));
  });
});

describe('cooling', () => {
  it('keeps a released address for its owner until its time is over', async () => {
    const { add, give, post, pass, stats } = await start();
    await add('10.1.0.0/30', { name: 'two', cooldown_seconds: 60 });
    const a = await give({ network: 'two', vm_id: 'a' });
    await post(`/allocations/${a.id}/release`);
    assert.equal((await stats('two')).cooling_ips, 1);
    assertError(await post('/allocations', { network: 'two', vm_id: 'b', ip: a.ip }), 409, 'address_taken', 'ip');
    await give({ network: 'two', vm_id: 'b' });
    const full = await post('/allocations', { network: 'two', vm_id: 'c' });
    assertError(full, 503, 'pool_exhausted');
    assert.equal(full.get('Retry-After'), '60');
    assert.equal((await give({ network: 'two', vm_id: 'a' })).ip, a.ip);
    await post(`/allocations/${(await post('/allocations', { network: 'two', vm_id: 'a' })).body.id}/release`);
    pass(61_000); // what is given and released within a millisecond pushes the clock on
    assert.equal((await stats('two')).cooling_ips, 0);
    assert.equal((await give({ network: 'two', vm_id: 'c' })).ip, a.ip);
  });
});
