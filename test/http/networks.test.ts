import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Network } from '../../src/api/networks.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { startSite } from '../support/site.ts';

const AT = new Date(NOW).toISOString();
const DEFAULTS = {
  vrf: 'default',
  gateway: null,
  name: '',
  description: '',
  tags: [],
  strategy: 'round-robin',
  cooldown_seconds: 0,
  sticky_seconds: 0,
  cooldown_policy: 'refuse',
  drain: false,
  ranges: [],
  excluded: [],
  created_at: AT,
  updated_at: AT,
};

describe('POST /api/v1/networks', () => {
  it('answers 201 with the network and where it is', async () => {
    const { post } = await startSite();
    const answer = await post<Network>('/networks', { cidr: '10.1.0.0/16' });
    assert.equal(answer.status, 201);
    assert.match(answer.body.id, /^net-[0-9a-z]{8}$/);
    assert.equal(answer.get('Location'), `/api/v1/networks/${answer.body.id}`);
    assert.deepEqual(answer.body, { id: answer.body.id, cidr: '10.1.0.0/16', family: 4, ...DEFAULTS });
  });

  it('keeps all that can be said of a network', async () => {
    const { post, get } = await startSite();
    const said = {
      ...{ cidr: 'fd00:1::/64', gateway: 'fd00:1::fe', name: 'lab-6', description: 'the lab', tags: ['a', 'b/c'] },
      ...{ strategy: 'lowest', cooldown_seconds: 60, sticky_seconds: 3600, cooldown_policy: 'oldest', drain: true },
      ...{ ranges: ['fd00:1::100/120', 'fd00:1::1-fd00:1::f'], excluded: ['fd00:1::110'] },
    };
    const { body } = await post<Network>('/networks', said);
    const ranges = ['fd00:1::1-fd00:1::f', 'fd00:1::100-fd00:1::1ff']; // in one spelling, in order
    assert.deepEqual(body, { ...DEFAULTS, ...said, id: body.id, family: 6, ranges });
    for (const name of [body.id, 'lab-6', 'fd00:1::%2F64', 'fd00%3A1%3A%3A%2f64']) {
      assert.deepEqual((await get<Network>(`/networks/${name}`)).body, body);
    }
  });

  it('takes every size from /8 to /32 and from /16 to /128', async () => {
    const { add } = await startSite();
    for (const cidr of ['11.0.0.0/8', '12.0.0.0/31', '12.0.0.2/32', '2001::/16', 'fd00::/127', 'fd00::2/128']) {
      assert.equal((await add(cidr)).cidr, cidr);
    }
  });

  it('is 409 for an overlap, and names it', async () => {
    const { post, add } = await startSite();
    const other = await add('fd00:1::/64', { name: 'six' });
    for (const cidr of ['172.16.0.0/24', '172.0.0.0/8', '172.16.0.128/25']) {
      const details = assertError(await post('/networks', { cidr }), 409, 'network_overlap', 'cidr');
      assert.deepEqual([details.network, details.cidr], ['default', '172.16.0.0/24']);
    }
    const details = assertError(await post('/networks', { cidr: 'fd00:1::/56' }), 409, 'network_overlap', 'cidr');
    assert.equal(details.network, other.id);
  });

  it('is 409 for a name that another has, as its name or its id', async () => {
    const { post, patch, add } = await startSite();
    const one = await add('10.1.0.0/24', { name: 'one' });
    const two = await add('10.2.0.0/24');
    for (const name of ['one', 'default', two.id]) {
      assertError(await post('/networks', { cidr: '10.3.0.0/24', name }), 409, 'network_exists', 'name');
    }
    assertError(await patch(`/networks/${two.id}`, { name: 'one' }), 409, 'network_exists', 'name');
    assert.equal((await patch(`/networks/${one.id}`, { name: 'one', tags: ['x'] })).status, 200);
  });
});

describe('GET /api/v1/networks', () => {
  it('lists them in the order in which they came', async () => {
    const { get, add } = await startSite();
    const added = [await add('fd00::/64'), await add('10.0.0.0/24')];
    const { body } = await get<Network[]>('/networks');
    assert.deepEqual(
      body.map(({ id }) => id),
      ['default', ...added.map(({ id }) => id)],
    );
  });

  it('is 404 for one that nobody knows', async () => {
    const { api } = await startSite();
    for (const name of ['nobody', 'net-00000000', '10.9.0.0%2F24', '%00', '__proto__', 'constructor']) {
      for (const path of [`/networks/${name}`, `/networks/${name}/stats`, `/networks/${name}/reservations`]) {
        assertError(await api.get(`/api/v1${path}`), 404, 'network_not_found');
      }
    }
  });
});

describe('PATCH /api/v1/networks/{id}', () => {
  it('changes what is given; null and empty lists clear', async () => {
    const { patch, add, pass } = await startSite();
    const { id } = await add('10.1.0.0/24', { name: 'one', description: 'x', tags: ['t'], gateway: '10.1.0.1' });
    pass(5000);
    const changed = await patch<Network>(`/networks/${id}`, {
      name: 'uno',
      cooldown_seconds: 5,
      excluded: ['10.1.0.9'],
    });
    assert.equal(changed.status, 200);
    const { body } = changed;
    assert.deepEqual([body.name, body.cooldown_seconds, body.excluded], ['uno', 5, ['10.1.0.9']]);
    assert.deepEqual([body.description, body.tags, body.gateway], ['x', ['t'], '10.1.0.1']);
    assert.deepEqual([body.created_at, body.updated_at], [AT, new Date(NOW + 5000).toISOString()]);
    const cleared = { name: null, description: null, tags: null, gateway: null, ranges: null, excluded: [] };
    const { body: bare } = await patch<Network>('/networks/uno', cleared);
    assert.deepEqual(bare, {
      ...DEFAULTS,
      id,
      cidr: '10.1.0.0/24',
      family: 4,
      cooldown_seconds: 5,
      updated_at: body.updated_at,
    });
  });

  it('grows a network in service, downwards too; what is held stays where it is', async () => {
    const { patch, add, give, ips, stats } = await startSite();
    const { id } = await add('10.1.4.0/24', { name: 'one' });
    const { ip, id: held } = await give({ network: id, vm_id: 'a' });
    assert.equal(ip, '10.1.4.1');
    assert.equal((await patch<Network>(`/networks/${id}`, { cidr: '10.1.0.0/21' })).body.cidr, '10.1.0.0/21');
    assert.deepEqual(await ips('?network=10.1.0.0%2F21'), ['10.1.4.1']);
    assert.equal((await give({ network: id, vm_id: 'b', ip: '10.1.0.1' })).ip, '10.1.0.1');
    assert.equal((await give({ network: id, vm_id: 'c', ip: '10.1.7.254' })).ip, '10.1.7.254');
    assert.deepEqual(await ips(''), ['10.1.0.1', '10.1.4.1', '10.1.7.254']);
    assert.equal((await stats(id)).total_ips, 2048);
    assert.equal((await patch(`/allocations/${held}`, { hostname: 'web' })).status, 200);
  });

  it('is 409 when it would leave live allocations outside, and lists them', async () => {
    const { patch, add, give, get } = await startSite();
    const { id } = await add('10.1.0.0/24');
    for (const ip of ['10.1.0.5', '10.1.0.200']) await give({ network: id, vm_id: `vm-${ip}`, ip });
    const before = await get<Network>(`/networks/${id}`);
    for (const change of [{ cidr: '10.1.0.0/25' }, { ranges: ['10.1.0.1-10.1.0.100'] }]) {
      const details = assertError(await patch(`/networks/${id}`, change), 409, 'network_in_use');
      assert.deepEqual(details.allocations, [{ ip: '10.1.0.200', vm_id: 'vm-10.1.0.200' }]);
    }
    assertError(await patch(`/networks/${id}`, { gateway: '10.1.0.5' }), 409, 'network_in_use');
    assertError(await patch(`/networks/${id}`, { cidr: 'fd00::/64' }), 400, 'usage', 'cidr');
    assertError(await patch(`/networks/${id}`, { cidr: '172.16.0.0/16' }), 409, 'network_overlap', 'cidr');
    assert.deepEqual((await get<Network>(`/networks/${id}`)).body, before.body);
  });
});

describe('a network that is drained', () => {
  it('gives nothing new, tells what is held, and takes back', async () => {
    const { patch, post, give, api } = await startSite();
    await give({ network: 'default', vm_id: 'a' });
    assert.equal((await patch<Network>('/networks/default', { drain: true })).body.drain, true);
    assertError(await post('/allocations', { network: 'default', vm_id: 'b' }), 409, 'network_draining');
    assertError(await api.post('/api/v1/ip/allocate').send({ vm_id: 'b' }), 409, 'network_draining');
    assert.equal((await post('/allocations', { network: 'default', vm_id: 'a' })).status, 200);
    await api.delete('/api/v1/ip/release/a').expect(200);
    assertError(await post('/allocations', { network: 'default', vm_id: 'a' }), 409, 'network_draining');
    assert.equal((await patch('/networks/default', { drain: false })).status, 200);
    assert.equal((await post('/allocations', { network: 'default', vm_id: 'a' })).status, 201);
  });
});

describe('DELETE /api/v1/networks/{id}', () => {
  it('is 204 for an empty one, and 404 after that', async () => {
    const { remove, add } = await startSite();
    const { id } = await add('10.1.0.0/24', { name: 'one' });
    assert.equal((await remove('/networks/one')).status, 204);
    assertError(await remove(`/networks/${id}`), 404, 'network_not_found');
    assert.notEqual((await add('10.1.0.0/24', { name: 'one' })).id, id);
  });

  it('is 409 with live allocations; with force too, unless it is drained, and then they go with it', async () => {
    const { remove, add, give, patch, api, ips, get } = await startSite();
    const { id } = await add('10.1.0.0/24');
    const held = await give({ network: id, vm_id: 'a' });
    for (const query of ['', '?force=false', '?force=true', '?force']) {
      const details = assertError(await remove(`/networks/${id}${query}`), 409, 'network_in_use');
      assert.deepEqual(details.allocations, [{ ip: held.ip, vm_id: 'a' }]);
    }
    await patch(`/networks/${id}`, { drain: true });
    assertError(await remove(`/networks/${id}`), 409, 'network_in_use');
    assertError(await remove(`/networks/${id}?force=maybe`), 400, 'invalid_request', 'force');
    assert.equal((await remove(`/networks/${id}?force=true`)).status, 204);
    assert.deepEqual(await ips(''), []);
    assertError(await api.delete(`/api/v1/ip/release-by-ip/${held.ip}`), 400, 'invalid_address', 'ip');
    assert.equal((await get(`/allocations/${held.id}`)).body.status, 'released');
  });
});
