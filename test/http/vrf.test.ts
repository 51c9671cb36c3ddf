import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import type { AuditEntry, ReconcileResponse, Tenure } from '../../src/api/history.ts';
import type { ImportResponse } from '../../src/api/imports.ts';
import type { Network, Reservation } from '../../src/api/networks.ts';
import { assertError } from '../support/error-response.ts';
import { startHistorySite } from '../support/history-site.ts';
import { pagesOf } from '../support/site.ts';

const CIDR = '10.1.0.0/28';
const NAMED = encodeURIComponent(CIDR);

/** The same network in the VRFs default and blue. */
async function start() {
  const site = await startHistorySite({ cidr: '172.16.0.0/24' });
  const one = await site.add(CIDR, { name: 'vms' });
  const blue = await site.add(CIDR, { name: 'vms', vrf: 'blue' });
  const candidates = [one, blue].map(({ id, vrf }) => ({ network: id, vrf, cidr: CIDR }));
  const assertAmbiguous = (answer: Parameters<typeof assertError>[0]) =>
    assert.deepEqual(assertError(answer, 409, 'ambiguous_vrf', 'vrf'), { field: 'vrf', candidates });
  return { ...site, one, blue, assertAmbiguous };
}

describe('a network in another VRF', () => {
  it('may have the CIDR and name of a network in the VRF default, once', async () => {
    const { one, blue, get, post } = await start();
    assert.deepEqual([one.vrf, blue.vrf], ['default', 'blue']);
    assertError(await post('/networks', { cidr: '10.1.0.0/24', vrf: 'blue' }), 409, 'network_overlap', 'cidr');
    assertError(
      await post('/networks', { cidr: '10.2.0.0/24', vrf: 'blue', name: 'vms' }),
      409,
      'network_exists',
      'name',
    );
    const ids = async (query: string) => (await get<Network[]>(`/networks${query}`)).body.map(({ id }) => id);
    assert.deepEqual(await ids(''), ['default', one.id, blue.id]);
    assert.deepEqual(await ids('?vrf=blue'), [blue.id]);
  });

  it('never leaves its VRF', async () => {
    const { blue, patch } = await start();
    assertError(await patch(`/networks/${blue.id}`, { vrf: 'default' }), 400, 'invalid_request', 'vrf');
    assert.equal((await patch<Network>(`/networks/${blue.id}`, { vrf: 'blue', drain: true })).body.vrf, 'blue');
  });

  for (const vrf of ['', '-a', 'a-', 'a/b', 'a b', 'a'.repeat(65), 7]) {
    it(`is refused with the name ${JSON.stringify(vrf)}`, async () => {
      const { post, get } = await start();
      assertError(await post('/networks', { cidr: '10.9.0.0/24', vrf }), 400, 'invalid_request', 'vrf');
      const query = encodeURIComponent(String(vrf));
      if (vrf !== 7) assertError(await get(`/networks?vrf=${query}`), 400, 'invalid_request', 'vrf');
    });
  }

  it('is found by its id alone, and by name or CIDR with its VRF', async () => {
    const { one, blue, get, assertAmbiguous } = await start();
    for (const name of ['vms', NAMED]) {
      assertAmbiguous(await get(`/networks/${name}`));
      assert.equal((await get<Network>(`/networks/${name}?vrf=blue`)).body.id, blue.id);
      assert.equal((await get<Network>(`/networks/${name}?vrf=default`)).body.id, one.id);
      assertError(await get(`/networks/${name}?vrf=red`), 404, 'network_not_found');
    }
    assert.equal((await get<Network>(`/networks/${blue.id}`)).body.id, blue.id);
    assertError(await get(`/networks/${blue.id}?vrf=default`), 404, 'network_not_found');
  });

  it('needs no VRF where it is the only candidate', async () => {
    const { add, get, give, remove } = await start();
    const red = await add('10.7.0.0/24', { name: 'seven', vrf: 'red' });
    assert.equal((await get<Network>('/networks/seven')).body.id, red.id);
    assert.equal((await give({ network: 'seven', vm_id: 'vm-1', ip: '10.7.0.9' })).vrf, 'red');
    assert.equal((await remove('/ip/release-by-ip/10.7.0.9')).status, 200);
    assert.equal((await get<Tenure[]>('/history?ip=10.7.0.9')).body[0]?.vrf, 'red');
  });
});

describe('an allocation in another VRF', () => {
  it('may have the address and time of one in the VRF default, and has another id', async () => {
    const { give, get, post, ips, assertAmbiguous } = await start();
    assertAmbiguous(await post('/allocations', { network: 'vms', vm_id: 'vm-1', ip: '10.1.0.5' }));
    const given: NetworkAllocation[] = [];
    for (const vrf of ['default', 'blue']) given.push(await give({ network: 'vms', vrf, vm_id: vrf, ip: '10.1.0.5' }));
    const [one, two] = given as [NetworkAllocation, NetworkAllocation];
    assert.match(one.id, /^0a010005-/);
    assert.match(two.id, /^blue\.0a010005-/);
    for (const each of given) assert.deepEqual((await get(`/allocations/${each.id}`)).body, each);
    assertAmbiguous(await get('/allocations?ip=10.1.0.5'));
    assert.deepEqual((await get<NetworkAllocation[]>('/allocations?ip=10.1.0.5&vrf=blue')).body, [two]);
    assert.deepEqual(await ips('?vrf=blue'), ['10.1.0.5']);
    assert.equal((await post(`/allocations/${two.id}/release`)).status, 204);
    assert.equal((await get(`/allocations/${two.id}`)).body.status, 'released');
    assert.equal((await get(`/allocations/${one.id}`)).body.status, 'allocated');
    const all = (await get<NetworkAllocation[]>('/allocations?all=true')).body;
    assert.deepEqual(all.map(({ id, vrf }) => [id, vrf]), [[one.id, 'default'], [two.id, 'blue']]); // prettier-ignore
  });

  it('is released by its address with its VRF', async () => {
    const { give, remove, ips, assertAmbiguous } = await start();
    for (const vrf of ['default', 'blue']) await give({ network: 'vms', vrf, vm_id: 'vm-1', ip: '10.1.0.5' });
    assertAmbiguous(await remove('/ip/release-by-ip/10.1.0.5'));
    assertAmbiguous(await remove('/ip/release/vm-1?network=vms'));
    assert.equal((await remove('/ip/release-by-ip/10.1.0.5?vrf=blue')).status, 200);
    assert.deepEqual(await ips(''), ['10.1.0.5']);
    assert.equal((await remove('/ip/release/vm-1?network=vms&vrf=default')).status, 200);
    assert.deepEqual(await ips(''), []);
  });

  it('is listed after those of the VRF default, on every page', async () => {
    const site = await start();
    for (const vrf of ['blue', 'default']) {
      for (const ip of ['10.1.0.5', '10.1.0.6', '10.1.0.9']) await site.give({ network: 'vms', vrf, ip });
    }
    const list = ['10.1.0.5', '10.1.0.6', '10.1.0.9'];
    for (let limit = 1; limit <= 7; limit++) {
      const pages = await pagesOf(site, `/allocations?limit=${limit}`);
      assert.deepEqual(pages.flat(), [...list, ...list], `limit ${limit}`);
    }
    const sidecar = await pagesOf(site, '/ip/allocations?limit=2&network=vms&vrf=blue');
    assert.deepEqual(sidecar.flat(), list);
  });
});

describe('what happened in another VRF', () => {
  it('is found by address with the VRF', async () => {
    const { give, get, remove, assertAmbiguous } = await start();
    for (const vrf of ['default', 'blue']) await give({ network: 'vms', vrf, vm_id: `in-${vrf}`, ip: '10.1.0.5' });
    await remove('/ip/release-by-ip/10.1.0.5?vrf=blue');
    for (const path of ['/history?ip=10.1.0.5', '/audit?resource=10.1.0.5', `/audit?resource=${NAMED}`]) {
      assertAmbiguous(await get(path));
    }
    const owners = async (vrf: string) => {
      const { body } = await get<Tenure[]>(`/history?ip=10.1.0.5&vrf=${vrf}`);
      return body.map((tenure) => [tenure.vrf, tenure.vm_id, tenure.reason]);
    };
    assert.deepEqual(await owners('default'), [['default', 'in-default', null]]);
    assert.deepEqual(await owners('blue'), [['blue', 'in-blue', 'released']]);
    const actions = async (query: string) => {
      const { body } = await get<AuditEntry[]>(`/audit?${query}`);
      return body.map(({ action, details }) => `${action} ${String(details.vrf)}`);
    };
    assert.deepEqual(await actions('resource=10.1.0.5&vrf=blue'), ['ip_released blue', 'ip_allocated blue']);
    assert.deepEqual(await actions('vrf=blue'), ['ip_released blue', 'ip_allocated blue', 'network_added blue']);
    assert.deepEqual(await actions(`resource=${NAMED}&vrf=default`), [
      'ip_allocated undefined',
      'network_added undefined',
    ]);
  });
});

describe('reservations, reconcile and import', () => {
  it('take the VRF of a network', async () => {
    const { one, blue, get, post, remove, assertAmbiguous } = await start();
    const body = { range: '10.1.0.8/30', reason: 'printers' };
    assertAmbiguous(await post('/networks/vms/reservations', body));
    const made = (await post<Reservation>('/networks/vms/reservations?vrf=blue', body)).body;
    assert.equal(made.network_id, blue.id);
    assert.equal((await get<Reservation[]>(`/networks/${one.id}/reservations`)).body.length, 0);
    assertError(await remove(`/networks/vms/reservations/${made.id}?vrf=default`), 404, 'reservation_not_found');
    assert.equal((await remove(`/networks/vms/reservations/${made.id}?vrf=blue`)).status, 204);
  });

  it('compare the allocations of one VRF', async () => {
    const { give, post } = await start();
    for (const vrf of ['default', 'blue']) await give({ network: 'vms', vrf, vm_id: `in-${vrf}` });
    const { body } = await post<ReconcileResponse>('/reconcile', { vrf: 'blue', live: ['in-default'], force: true });
    assert.deepEqual([body.checked, body.missing.map(({ vm_id, vrf }) => [vm_id, vrf])], [1, [['in-blue', 'blue']]]);
  });

  it('derive different MAC addresses from equal addresses', async () => {
    const { give } = await start();
    const [one, blue] = [
      await give({ network: 'vms', vrf: 'default', vm_id: 'vm-1', mac: 'auto' }),
      await give({ network: 'vms', vrf: 'blue', vm_id: 'vm-1', mac: 'auto' }),
    ];
    assert.equal(one.ip, blue.ip);
    assert.notEqual(one.mac, blue.mac);
  });

  it('import a network and its allocations into a VRF', async () => {
    const { post, ips } = await start();
    const rows = (vrf?: string) => ({ allocations: [{ ip: '10.1.0.5', vm_id: 'vm-1', vrf }] });
    const { refused } = assertError(await post('/import', rows()), 409, 'import_refused');
    assert.equal((refused as ImportResponse['refused'])[0]?.code, 'ambiguous_vrf');
    assert.equal((await post<ImportResponse>('/import', rows('blue'))).body.allocations, 1);
    const { body } = await post<ImportResponse>('/import', { networks: [{ cidr: CIDR, vrf: 'red' }], ...rows('red') });
    assert.deepEqual([body.networks, body.allocations], [1, 1]);
    assert.deepEqual([await ips('?vrf=default'), await ips('?vrf=red')], [[], ['10.1.0.5']]);
  });
});
