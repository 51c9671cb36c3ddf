import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEntry } from '../../src/api/history.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { after, startHistorySite } from '../support/history-site.ts';
import type { TypedResponse } from '../support/site.ts';

/** Six changes, a second apart: see the first test. */
async function start() {
  const site = await startHistorySite();
  const made = await site.as('anna', '/networks', { cidr: '10.1.0.0/24', name: 'vms' });
  const { id: net } = made.body as { id: string };
  await site.as('bert', '/allocations', { network: 'vms', vm_id: 'vm-1', hostname: 'web-1', ttl: 3600 });
  await site.as('bert', '/allocations', { network: 'vms', vm_id: 'vm-2', count: 4 });
  await site.as('anna', '/networks/vms/reservations', { range: '10.1.0.100-10.1.0.120', reason: 'printers' });
  site.pass(1000);
  await site.api.delete('/api/v1/ip/release/vm-1?network=vms').expect(200);
  await site.as('carl', '/ip/allocate', { vm_id: 'vm-3' });
  const audit = async (query = '') => {
    const answer = await site.get<AuditEntry[]>(`/audit${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };
  const actions = async (query: string) => (await audit(query)).map(({ action, resource }) => `${action} ${resource}`);
  return { ...site, net, audit, actions };
}

describe('GET /api/v1/audit', () => {
  it('tells every change, the latest first: what, about what, by whom, in which request', async () => {
    const { audit, actions, net } = await start();
    const [vm1] = (await audit('?action=ip_allocated')).slice(-1);
    assert.deepEqual(vm1, {
      id: '2',
      timestamp: after(NOW, 2),
      action: 'ip_allocated',
      resource: '10.1.0.1',
      details: {
        network: net,
        ip: '10.1.0.1',
        vm_id: 'vm-1',
        nic: '',
        hostname: 'web-1',
        expires_at: after(NOW, 3602),
        ttl: 3600,
      },
      user: 'bert',
      request_id: 'bert-1',
    });
    assert.deepEqual(await actions(''), [
      'ip_allocated 172.16.0.2',
      'ip_released 10.1.0.1',
      'reservation_added 10.1.0.100-10.1.0.120',
      'ip_allocated 10.1.0.2-10.1.0.5',
      'ip_allocated 10.1.0.1',
      'network_added 10.1.0.0/24',
    ]);
    const users = (await audit()).map(({ user }) => user);
    assert.deepEqual(users, ['carl', 'anonymous', 'anna', 'bert', 'bert', 'anna']);
    const [, released = assert.fail()] = await audit();
    assert.equal(released.details.allocated_at, after(NOW, 2));
    assert.notEqual(released.request_id, '');
  });

  it('is narrowed to an action, also by the names that go-ipam documents', async () => {
    const { actions, remove, pass, net } = await start();
    assert.deepEqual(await actions('?action=network_created'), ['network_added 10.1.0.0/24']);
    assert.deepEqual(await actions('?action=network_added'), ['network_added 10.1.0.0/24']);
    assert.deepEqual(await actions('?action=ip_released'), ['ip_released 10.1.0.1']);
    assert.deepEqual(await actions('?action=nothing'), []);
    await remove('/ip/release/vm-2?network=vms').expect(200);
    pass(1000);
    await remove(`/networks/${net}`).expect(204);
    assert.deepEqual(await actions('?action=network_deleted'), ['network_removed 10.1.0.0/24']);
  });

  it('is narrowed to an address, also inside a range, however it is spelled', async () => {
    const { actions, add, give } = await start();
    assert.deepEqual(await actions('?resource=10.1.0.1'), ['ip_released 10.1.0.1', 'ip_allocated 10.1.0.1']);
    assert.deepEqual(await actions('?resource=10.1.0.4'), ['ip_allocated 10.1.0.2-10.1.0.5']);
    assert.deepEqual(await actions('?resource=10.1.0.6'), []);
    await add('fd00::/64', { name: 'six' });
    await give({ network: 'six', vm_id: 'vm-6', ip: 'fd00::abc', count: 16 });
    assert.deepEqual(await actions('?resource=FD00:0::0ABF'), ['ip_allocated fd00::abc-fd00::acb']);
  });

  it('is narrowed to what it told itself, and to a network', async () => {
    const { actions, net, pass, remove } = await start();
    const inNet = (await actions('')).slice(1);
    assert.equal(inNet.length, 5);
    for (const resource of [net, 'vms', '10.1.0.0%2F24'])
      assert.deepEqual(await actions(`?resource=${resource}`), inNet);
    assert.deepEqual(await actions('?resource=10.1.0.2-10.1.0.5'), ['ip_allocated 10.1.0.2-10.1.0.5']);
    assert.deepEqual(await actions('?resource=nowhere'), []);
    await remove('/ip/release/vm-2?network=vms').expect(200);
    pass(1000);
    await remove(`/networks/${net}`).expect(204);
    assert.equal((await actions(`?resource=${net}`)).length, 7, 'also when it is gone, by its id');
  });

  it('finds again whatever it showed as a resource, also when its network is gone', async () => {
    const { audit, actions, as, get, remove, pass, net } = await start();
    await as('anna', '/networks/vms/reservations', { range: '10.1.0.130', reason: 'router' });
    const reservations = await get<{ id: string }[]>('/networks/vms/reservations');
    for (const { id } of reservations.body) {
      pass(1000);
      await remove(`/networks/vms/reservations/${id}`).expect(204);
    }
    await remove('/ip/release/vm-2?network=vms').expect(200);
    pass(1000);
    await remove(`/networks/${net}`).expect(204);
    await as('anna', '/networks', { cidr: '10.1.0.0/24', name: 'next' });
    for (const { id, resource } of await audit()) {
      const again = await audit(`?resource=${encodeURIComponent(resource)}`);
      assert.ok(
        again.some((entry) => entry.id === id),
        resource,
      );
    }
    const range = '10.1.0.100-10.1.0.120';
    assert.deepEqual(await actions(`?resource=${range}`), [
      `reservation_removed ${range}`,
      `reservation_added ${range}`,
    ]);
    assert.deepEqual(await actions('?resource=10.1.0.0%2F24&action=network_removed'), ['network_removed 10.1.0.0/24']);
  });

  it('is narrowed to a time, both ends included', async () => {
    const { audit } = await start();
    const ids = async (query: string) => (await audit(query)).map(({ id }) => Number(id));
    assert.deepEqual(await ids(`?since=${after(NOW, 5)}`), [6, 5]);
    assert.deepEqual(await ids(`?until=${after(NOW, 2)}`), [2, 1]);
    assert.deepEqual(await ids(`?since=${after(NOW, 2)}&until=${after(NOW, 3)}&action=ip_allocated`), [3, 2]);
    assert.deepEqual(await ids(`?since=${after(NOW, 7)}`), []);
  });

  it('is paged: nothing twice, nothing left out, whatever comes meanwhile', async () => {
    const { get, as, audit } = await start();
    const all = (await audit()).map(({ id }) => id);
    const found: string[] = [];
    for (let path: string | undefined = '/audit?limit=2'; path !== undefined;) {
      const answer: TypedResponse<AuditEntry[]> = await get<AuditEntry[]>(path);
      found.push(...answer.body.map(({ id }) => id));
      path = /^<\/api\/v1([^>]+)>; rel="next"$/.exec(answer.get('Link') ?? '')?.[1];
      await as('dora', '/ip/allocate', { vm_id: `vm-${10 + found.length}` });
    }
    assert.deepEqual(found, all);
    const filtered = await get<AuditEntry[]>('/audit?limit=1&action=ip_released');
    assert.equal(filtered.get('Link'), undefined, 'the last page leads nowhere');
    assert.equal((await audit('?limit=10000')).length, 9);
  });

  it('answers a hundred when no limit is given', async () => {
    const { post, get } = await startHistorySite();
    const requests = Array.from({ length: 120 }, (_, i) => ({ network: 'default', vm_id: `vm-${i}` }));
    await post('/allocations/bulk', { requests });
    const answer = await get<AuditEntry[]>('/audit');
    assert.equal(answer.body.length, 100);
    assert.ok(answer.get('Link'));
  });

  it('refuses what says nothing, and names it', async () => {
    const { api } = await start();
    const bad: [query: string, field: string][] = [
      ['limit=0', 'limit'],
      ['limit=10001', 'limit'],
      ['since=yesterday', 'since'],
      ['until=2026-13-01T00:00:00Z', 'until'],
      ['cursor=x', 'cursor'],
      ['cursor=', 'cursor'],
      [`cursor=${Buffer.from('x.1').toString('base64url')}`, 'cursor'],
      ['action=a&action=b', 'action'],
    ];
    for (const [query, field] of bad) {
      assertError(await api.get(`/api/v1/audit?${query}`), 400, 'invalid_request', field);
    }
  });
});
