import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import type { Tenure } from '../../src/api/history.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { after, startHistorySite } from '../support/history-site.ts';

async function start(options = {}) {
  const site = await startHistorySite(options);
  const history = async (query: string) => {
    const answer = await site.get<Tenure[]>(`/history?${query}`);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };
  /** Who and until when, in seconds. */
  const spans = async (query: string) =>
    (await history(query)).map(({ vm_id, from, until }) => [
      vm_id,
      (Date.parse(from) - NOW) / 1000,
      until === null ? null : (Date.parse(until) - NOW) / 1000,
    ]);
  return { ...site, history, spans };
}

const NET = { network: 'default' };

/** 172.16.0.9: vm-1 from 1 to 2, vm-2 from 3 on. */
async function startTwo() {
  const site = await start();
  const { as } = site;
  const first = (await as('anna', '/allocations', { ...NET, vm_id: 'vm-1', ip: '172.16.0.9', hostname: 'web-1' }))
    .body as NetworkAllocation;
  await as('bert', `/allocations/${first.id}/release`);
  const second = (await as('carl', '/allocations', { ...NET, vm_id: 'vm-2', nic: 'eth1', ip: '172.16.0.9' }))
    .body as NetworkAllocation;
  return { ...site, first, second };
}

describe('GET /api/v1/history?ip=', () => {
  it('tells who had it, the latest first, by whom it was given and taken, and that it still stands', async () => {
    const { history } = await startTwo();
    const shared = { network_id: 'default', vrf: 'default', ip: '172.16.0.9', mac: null };
    assert.deepEqual(await history('ip=172.16.0.9'), [
      {
        ...shared,
        vm_id: 'vm-2',
        nic: 'eth1',
        hostname: '',
        from: after(NOW, 3),
        until: null,
        reason: null,
        allocated_by: 'carl',
        released_by: null,
      },
      {
        ...shared,
        vm_id: 'vm-1',
        nic: '',
        hostname: 'web-1',
        from: after(NOW, 1),
        until: after(NOW, 2),
        reason: 'released',
        allocated_by: 'anna',
        released_by: 'bert',
      },
    ]);
    assert.deepEqual(await history('ip=172.16.0.8'), []);
    assert.equal((await history('ip=172.16.0.9&limit=1')).length, 1);
  });

  it('with at= tells who had it at that moment: from the first one on, until before the last', async () => {
    const { spans } = await startTwo();
    const at = (seconds: number) => spans(`ip=172.16.0.9&at=${after(NOW, seconds)}`);
    assert.deepEqual(await at(0.999), []);
    assert.deepEqual(await at(1), [['vm-1', 1, 2]]);
    assert.deepEqual(await at(1.999), [['vm-1', 1, 2]]);
    assert.deepEqual(await at(2), [], 'given back');
    assert.deepEqual(await at(2.999), []);
    assert.deepEqual(await at(3), [['vm-2', 3, null]]);
    assert.deepEqual(await at(86_400), [['vm-2', 3, null]]);
    const zoned = encodeURIComponent(new Date(NOW + 3_601_500).toISOString().replace('Z', '+01:00'));
    assert.deepEqual(await spans(`ip=172.16.0.9&at=${zoned}`), [['vm-1', 1, 2]], 'in any time zone');
  });

  it('finds the range that it was in, and the prefix', async () => {
    const { as, add, spans, history } = await start();
    await add('fd00::/56', { name: 'six' });
    await as('anna', '/allocations', { ...NET, vm_id: 'vm-1', ip: '172.16.0.16', count: 16 });
    await as('anna', '/allocations', { network: 'six', vm_id: 'vm-1', prefix_length: 64, ip: 'fd00:0:0:1::' });
    assert.deepEqual(await spans('ip=172.16.0.31'), [['vm-1', 1, null]]);
    assert.deepEqual(await spans('ip=172.16.0.32'), []);
    const [prefix] = await history('ip=FD00:0:0:1::ABCD');
    assert.deepEqual([prefix?.ip, prefix?.end_ip], ['fd00:0:0:1::', 'fd00::1:ffff:ffff:ffff:ffff']);
    assert.deepEqual(await history('ip=fd00:0:0:2::'), []);
  });

  it('tells attributes as they are, and of what has ended as they were in the end', async () => {
    const { history, patch, as, first, second, pass } = await startTwo();
    await patch(`/allocations/${second.id}`, { hostname: 'db-1', mac: '52:54:00:00:00:02' });
    const [now] = await history('ip=172.16.0.9');
    assert.deepEqual([now?.hostname, now?.mac], ['db-1', '52:54:00:00:00:02']);
    assert.equal((await patch(`/allocations/${first.id}`, { hostname: 'no' })).status, 404, 'it has ended');
    await patch(`/allocations/${second.id}`, { hostname: 'db-2' });
    await as('dora', `/allocations/${second.id}/release`);
    pass(1000);
    const [ended] = await history('ip=172.16.0.9');
    assert.deepEqual([ended?.hostname, ended?.mac, ended?.released_by], ['db-2', '52:54:00:00:00:02', 'dora']);
  });

  it('tells why it ended', async () => {
    const { as, history, pass, add, post, patch, remove, give } = await start();
    await add('10.1.0.0/24', { name: 'gone' });
    await as('anna', '/allocations', { ...NET, vm_id: 'vm-1', ip: '172.16.0.9', ttl: 10 });
    pass(11_000);
    await as('anna', '/allocations', { ...NET, vm_id: 'vm-2', ip: '172.16.0.9' });
    await give({ ...NET, vm_id: 'vm-3', ip: '172.16.0.10' });
    for (const dry_run of [true, false]) {
      pass(1000);
      const answer = await post('/reconcile', { live: ['vm-3'], grace_seconds: 0, dry_run });
      assert.equal(answer.status, 200, answer.text);
    }
    const reasons = async (ip: string) => (await history(`ip=${ip}`)).map(({ vm_id, reason }) => [vm_id, reason]);
    assert.deepEqual(await reasons('172.16.0.9'), [
      ['vm-2', 'reconciled'],
      ['vm-1', 'expired'],
    ]);
    const [, expired] = await history('ip=172.16.0.9');
    assert.equal(expired?.released_by, 'ippool');
    const { ip } = await give({ network: 'gone', vm_id: 'vm-9' });
    await patch('/networks/gone', { drain: true });
    pass(1000);
    await remove('/networks/gone?force=true').expect(204);
    assert.deepEqual(await reasons(ip), [['vm-9', 'network_removed']]);
  });
});

describe('GET /api/v1/history?vm_id=', () => {
  it('tells all that the VM had, in every network, the latest first', async () => {
    const { as, add, spans, history } = await start();
    await add('fd00::/64', { name: 'six' });
    await as('anna', '/allocations', { networks: ['default', 'six'], vm_id: 'vm-1' });
    await as('anna', '/allocations', { ...NET, vm_id: 'vm-10' });
    await as('anna', '/allocations', { ...NET, vm_id: 'vm-1', nic: 'eth1' });
    assert.deepEqual(await spans('vm_id=vm-1'), [
      ['vm-1', 3, null],
      ['vm-1', 1, null],
      ['vm-1', 1, null],
    ]);
    assert.deepEqual(
      (await history('vm_id=vm-1&limit=2')).map(({ nic }) => nic),
      ['eth1', ''],
    );
    assert.deepEqual(await spans(`vm_id=vm-1&at=${after(NOW, 2)}`), [
      ['vm-1', 1, null],
      ['vm-1', 1, null],
    ]);
    assert.deepEqual(await spans('vm_id=vm'), []);
  });

  it('tells every time that it came back to the same address', async () => {
    const { as, spans, api, pass } = await start();
    for (let i = 0; i < 3; i++) {
      await as('anna', '/allocations', { ...NET, vm_id: 'vm-1', ip: '172.16.0.9' });
      pass(1000);
      await api.delete('/api/v1/ip/release/vm-1').expect(200);
    }
    assert.deepEqual(await spans('vm_id=vm-1'), [
      ['vm-1', 5, 6],
      ['vm-1', 3, 4],
      ['vm-1', 1, 2],
    ]);
  });
});

describe('GET /api/v1/history', () => {
  it('refuses to be asked for nothing, for both, and for what is no address or time', async () => {
    const { api } = await start();
    const ask = (query: string) => api.get(`/api/v1/history${query}`);
    assertError(await ask(''), 400, 'invalid_request', 'ip');
    assertError(await ask('?ip=172.16.0.9&vm_id=vm-1'), 400, 'invalid_request', 'ip');
    assertError(await ask('?ip=172.16.0'), 400, 'invalid_address', 'ip');
    assertError(await ask('?ip='), 400, 'invalid_address', 'ip');
    assertError(await ask('?ip=172.16.0.9&at=now'), 400, 'invalid_request', 'at');
    assertError(await ask('?ip=172.16.0.9&limit=0'), 400, 'invalid_request', 'limit');
  });
});
