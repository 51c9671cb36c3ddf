import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { startSite } from '../support/site.ts';

const AT = new Date(NOW).toISOString();

async function start() {
  const site = await startSite();
  const vms = await site.add('10.1.0.0/24', { name: 'vms', gateway: '10.1.0.1' });
  const lab = await site.add('fd00:1::/56', { name: 'lab' });
  return { ...site, vms, lab, ask: (body: object) => site.post('/allocations', body) };
}

describe('POST /api/v1/allocations', () => {
  it('answers 201 with all that is known of the allocation, then 200 with the same', async () => {
    const { ask, vms } = await start();
    const said = {
      ...{ vm_id: 'vm-1', nic: 'eth1', hostname: 'web-1.example.net', mac: '52-54-00-AB-CD-EF' },
      ...{ description: 'the web', tags: ['prod', 'host=7'], ttl: 3600 },
    };
    const first = await ask({ network: 'vms', ...said });
    assert.equal(first.status, 201);
    assert.deepEqual(first.body, {
      ...{
        id: `0a010002-${NOW.toString(36)}`,
        network_id: vms.id,
        vrf: 'default',
        network: '10.1.0.0/24',
        ip: '10.1.0.2',
        count: 1,
      },
      ...{ prefix_length: 24, gateway: '10.1.0.1', vm_id: 'vm-1', nic: 'eth1', hostname: 'web-1.example.net' },
      ...{ mac: '52:54:00:ab:cd:ef', description: 'the web', tags: ['prod', 'host=7'], status: 'allocated' },
      ...{ allocated_at: AT, expires_at: new Date(NOW + 3_600_000).toISOString(), released_at: null },
    });
    const again = await ask({ network_id: vms.id, vm_id: 'vm-1', nic: 'eth1' });
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, first.body);
  });

  it('knows a network by id, name and CIDR, under each of three fields', async () => {
    const { ask, vms } = await start();
    for (const field of ['network_id', 'network', 'cidr']) {
      for (const text of [vms.id, 'vms', '10.1.0.0/24']) {
        assert.equal((await ask({ [field]: text, vm_id: 'a' })).body.ip, '10.1.0.2');
      }
    }
    assertError(await ask({ vm_id: 'a' }), 400, 'invalid_request', 'network');
    assertError(await ask({ network: 'nobody', vm_id: 'a' }), 404, 'network_not_found');
  });

  it('gives each NIC of a VM an address, in each network', async () => {
    const { ask } = await start();
    const given = new Set<string>();
    for (const network of ['vms', 'lab', 'default']) {
      for (const nic of [undefined, 'eth1', 'eth2']) given.add((await ask({ network, vm_id: 'a', nic })).body.ip);
    }
    assert.equal(given.size, 9);
  });

  it('gives what somebody names, or says who has it', async () => {
    const { ask } = await start();
    assert.equal((await ask({ network: 'vms', vm_id: 'a', ip: '10.1.0.77' })).body.ip, '10.1.0.77');
    const details = assertError(await ask({ network: 'vms', vm_id: 'b', ip: '10.1.0.77' }), 409, 'address_taken', 'ip');
    assert.equal(details.vm_id, 'a');
    const other = assertError(
      await ask({ network: 'vms', vm_id: 'a', ip: '10.1.0.78' }),
      409,
      'address_mismatch',
      'ip',
    );
    assert.equal(other.ip, '10.1.0.77');
    for (const ip of ['10.1.0.1', '10.1.0.0', '10.1.0.255']) {
      assertError(await ask({ network: 'vms', vm_id: 'c', ip }), 409, 'address_reserved', 'ip');
    }
    for (const ip of ['10.2.0.1', 'fd00:1::1']) {
      assertError(await ask({ network: 'vms', vm_id: 'c', ip }), 400, 'invalid_address', 'ip');
    }
  });

  it('gives a range of addresses without a gap, or none', async () => {
    const { ask, ips } = await start();
    await ask({ network: 'vms', vm_id: 'a', ip: '10.1.0.4' });
    const { status, body } = await ask({ network: 'vms', vm_id: 'b', count: 8 });
    assert.equal(status, 201);
    assert.deepEqual([body.ip, body.end_ip, body.count], ['10.1.0.5', '10.1.0.12', 8]);
    assertError(await ask({ network: 'vms', vm_id: 'c', count: 250 }), 503, 'pool_exhausted');
    assertError(await ask({ network: 'vms', vm_id: 'b', count: 9 }), 409, 'address_mismatch', 'count');
    assert.equal((await ask({ network: 'vms', vm_id: 'b', count: 8 })).status, 200);
    assert.deepEqual(await ips('?network=vms&vm_id=c'), []);
    assert.equal((await ask({ network: 'vms', vm_id: 'd', count: 0 })).body.count, 1); // go-ipam sends 0 for none
  });

  it('gives a list of addresses when they need not be together, and tells it again', async () => {
    const { api, ips } = await start();
    const list = (vm_id: string, count: number) =>
      api.post('/api/v1/allocations').send({ network: 'vms', vm_id, count, contiguous: false });
    const first = await list('a', 3);
    assert.equal(first.status, 201);
    const given = (first.body as NetworkAllocation[]).map(({ ip, nic, count }) => [ip, nic, count]);
    assert.deepEqual(given, [
      ['10.1.0.2', '', 1],
      ['10.1.0.3', '#1', 1],
      ['10.1.0.4', '#2', 1],
    ]);
    const again = await list('a', 3);
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, first.body);
    assertError(await list('b', 251), 503, 'pool_exhausted');
    assert.equal((await ips('?network=vms')).length, 3);
    assert.equal((await list('b', 250)).status, 201);
  });

  it('delegates a prefix of IPv6, aligned, the first that fits', async () => {
    const { ask } = await start();
    assert.equal((await ask({ network: 'lab', vm_id: 'a' })).body.ip, 'fd00:1::1');
    const { body } = await ask({ network: 'lab', vm_id: 'b', prefix_length: 64 });
    assert.deepEqual(
      [body.ip, body.end_ip, body.prefix, body.prefix_length, body.count],
      ['fd00:1:0:1::', 'fd00:1:0:1:ffff:ffff:ffff:ffff', 'fd00:1:0:1::/64', 64, '18446744073709551616'],
    );
    assert.equal((await ask({ network: 'lab', vm_id: 'c', prefix_length: 60 })).body.prefix, 'fd00:1:0:10::/60');
    assert.equal((await ask({ network: 'lab', vm_id: 'd', prefix_length: 64 })).body.prefix, 'fd00:1:0:2::/64');
    assertError(await ask({ network: 'lab', vm_id: 'e', prefix_length: 48 }), 400, 'invalid_request', 'prefix_length');
    assertError(await ask({ network: 'lab', vm_id: 'b', prefix_length: 65 }), 409, 'address_mismatch', 'prefix_length');
  });

  it('makes MAC addresses that are unique, and finds VMs by theirs in any spelling', async () => {
    const { ask, ips } = await start();
    const macs = new Set<unknown>();
    for (const vm_id of ['a', 'b', 'c']) macs.add((await ask({ network: 'vms', vm_id, mac: 'auto' })).body.mac);
    const six = (await ask({ network: 'lab', vm_id: 'a', mac: 'auto' })).body.mac;
    macs.add(six);
    assert.equal(macs.size, 4);
    for (const mac of macs) assert.match(String(mac), /^[0-9a-f]2(:[0-9a-f]{2}){5}$/);
    assert.deepEqual(await ips(`?mac=${String(six).toUpperCase().replaceAll(':', '-')}`), ['fd00:1::1']);
    assert.equal((await ask({ network: 'lab', vm_id: 'a', mac: 'auto' })).body.mac, six);
  });
});

describe('Idempotency-Key', () => {
  const keyed = (site: Awaited<ReturnType<typeof start>>, key: string, body: object) =>
    site.api.post('/api/v1/allocations').set('Idempotency-Key', key).send(body);

  it('gets the same address again, also when both come at once', async () => {
    const site = await start();
    const answers = await Promise.all([1, 2, 3].map(() => keyed(site, 'k-1', { network: 'vms' })));
    assert.deepEqual(answers.map(({ status }) => status).sort(), [200, 200, 201]);
    assert.equal(new Set(answers.map(({ body }) => (body as NetworkAllocation).ip)).size, 1);
    assert.equal((answers[0]?.body as NetworkAllocation).vm_id, null);
    const other = await keyed(site, 'k-2', { network: 'vms' });
    assert.equal(other.status, 201);
    assert.deepEqual(await site.ips('?network=vms'), ['10.1.0.2', '10.1.0.3']);
  });

  it('is not needed: then every call is a new one', async () => {
    const { ask, ips } = await start();
    for (const status of [201, 201]) assert.equal((await ask({ network: 'vms' })).status, status);
    assert.equal((await ips('?network=vms')).length, 2);
  });

  it('gets a list again', async () => {
    const site = await start();
    const first = await keyed(site, 'list', { network: 'vms', count: 3, contiguous: false });
    const again = await keyed(site, 'list', { network: 'vms', count: 3, contiguous: false });
    assert.deepEqual([first.status, again.status], [201, 200]);
    assert.deepEqual(again.body, first.body);
  });

  it('counts for nothing where a VM is named', async () => {
    const site = await start();
    const [a, b] = [
      await keyed(site, 'k', { network: 'vms', vm_id: 'a' }),
      await keyed(site, 'k', { network: 'vms', vm_id: 'b' }),
    ];
    assert.notEqual((a.body as NetworkAllocation).ip, (b.body as NetworkAllocation).ip);
  });

  it('has 1 to 128 printable characters', async () => {
    const site = await start();
    assert.equal((await keyed(site, `!${'~'.repeat(127)}`, { network: 'vms' })).status, 201);
    for (const key of ['', 'a b', 'x'.repeat(129)]) {
      assertError(await keyed(site, key, { network: 'vms' }), 400, 'invalid_request', 'Idempotency-Key');
    }
  });
});

describe('dual stack', () => {
  it('gives one address of each network, or none', async () => {
    const { api, add, ips } = await start();
    await add('10.9.0.0/32', { name: 'tiny' });
    const both = (path: string, networks: string[], vm_id: string, more = {}) =>
      api.post(`/api/v1${path}`).send({ vm_id, networks, ...more });
    const first = await both('/allocations', ['vms', 'lab'], 'a', { mac: 'auto' });
    assert.equal(first.status, 201);
    const [four, six] = first.body as NetworkAllocation[];
    assert.deepEqual([four?.ip, six?.ip], ['10.1.0.2', 'fd00:1::1']);
    assert.equal(four?.mac, six?.mac, 'one NIC has one MAC');
    assert.equal((await both('/allocations', ['vms', 'lab'], 'a')).status, 200);

    await both('/allocations', ['tiny'], 'x').expect(201);
    for (const path of ['/allocations', '/ip/allocate']) {
      const details = assertError(await both(path, ['vms', 'lab', 'tiny'], 'b'), 503, 'pool_exhausted');
      assert.equal(details.index, 2);
      assertError(await both(path, ['vms', 'nobody'], 'b'), 404, 'network_not_found');
      assertError(await both(path, ['vms', '10.1.0.0/24'], 'b'), 400, 'invalid_request', 'vm_id');
    }
    assert.deepEqual(await ips('?vm_id=b'), []);
  });

  it('answers on /ip/allocate with the first address, and with all of them', async () => {
    const { api } = await start();
    const ask = () => api.post('/api/v1/ip/allocate').send({ vm_id: 'a', networks: ['default', 'lab'] });
    const answer = await ask();
    assert.equal(answer.status, 201);
    const body = answer.body as { ip: string; addresses: { ip: string; network: string; prefix_length: number }[] };
    assert.equal(body.ip, '172.16.0.2');
    assert.deepEqual(
      body.addresses.map(({ ip, network, prefix_length }) => [ip, network, prefix_length]),
      [
        ['172.16.0.2', '172.16.0.0/24', 24],
        ['fd00:1::1', 'fd00:1::/56', 56],
      ],
    );
    const again = await ask();
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, answer.body);
  });
});
