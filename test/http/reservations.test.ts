import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Reservation } from '../../src/api/networks.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { startSite } from '../support/site.ts';

const SCOPE = { actor: 'ippool', requestId: 'expiry' };

/** Six addresses, 10.1.0.1 to 10.1.0.6. */
async function start() {
  const site = await startSite();
  const { id } = await site.add('10.1.0.0/29');
  const path = `/networks/${id}/reservations`;
  return {
    ...site,
    id,
    path,
    reserve: (range: string, more: object = {}) => site.post<Reservation>(path, { range, reason: 'printers', ...more }),
    ask: (vm_id: string, more: object = {}) => site.post('/allocations', { network: id, vm_id, ...more }),
  };
}

describe('POST /api/v1/networks/{id}/reservations', () => {
  it('keeps addresses from everybody: an address, a range or a CIDR', async () => {
    const { reserve, ask, stats, id, get, path } = await start();
    const { status, body } = await reserve('10.1.0.1-10.1.0.2');
    assert.equal(status, 201);
    const expected = {
      network_id: id,
      range: '10.1.0.1-10.1.0.2',
      reason: 'printers',
      vm_id: null,
      nic: '',
      expires_at: null,
    };
    assert.match(body.id, /^res-[0-9a-z]{8}$/);
    assert.deepEqual(body, { id: body.id, ...expected, created_at: new Date(NOW).toISOString() });
    assert.equal((await reserve('10.1.0.4/31')).body.range, '10.1.0.4-10.1.0.5');
    assert.equal((await reserve('10.1.0.3')).body.range, '10.1.0.3');
    assert.deepEqual(
      (await get<Reservation[]>(path)).body.map(({ range }) => range),
      ['10.1.0.1-10.1.0.2', '10.1.0.4-10.1.0.5', '10.1.0.3'],
    );
    assert.deepEqual([(await stats(id)).reserved_ips, (await stats(id)).available_ips], [7, 1]);
    assert.equal((await ask('a')).body.ip, '10.1.0.6');
    assertError(await ask('b'), 503, 'pool_exhausted');
    assertError(await ask('b', { ip: '10.1.0.4' }), 409, 'address_reserved', 'ip');
  });

  it('keeps an address for one owner, who gets it without naming it', async () => {
    const { reserve, ask } = await start();
    await reserve('10.1.0.5', { vm_id: 'db', nic: 'eth1' });
    assert.equal((await ask('a')).body.ip, '10.1.0.1');
    assertError(await ask('a2', { ip: '10.1.0.5' }), 409, 'address_reserved', 'ip');
    assertError(await ask('db', { ip: '10.1.0.5' }), 409, 'address_reserved', 'ip'); // another NIC
    assert.equal((await ask('db', { nic: 'eth1' })).body.ip, '10.1.0.5');
    assert.equal((await ask('db', { nic: 'eth1' })).status, 200);
  });

  it('ends by itself when its time is over', async () => {
    const { reserve, ask, pass, networks, get, path } = await start();
    const expires_at = new Date(NOW + 60_000).toISOString();
    assert.equal((await reserve('10.1.0.5', { expires_at })).body.expires_at, expires_at);
    pass(59_999);
    await networks.sweep(SCOPE);
    assertError(await ask('a', { ip: '10.1.0.5' }), 409, 'address_reserved', 'ip');
    pass(1);
    await networks.sweep(SCOPE);
    assert.deepEqual((await get<Reservation[]>(path)).body, []);
    assert.equal((await ask('a', { ip: '10.1.0.5' })).status, 201);
  });

  it('is 409 over another reservation, or over what somebody else holds', async () => {
    const { reserve, ask } = await start();
    const { body } = await reserve('10.1.0.2-10.1.0.4');
    for (const range of ['10.1.0.4', '10.1.0.0/29', '10.1.0.1-10.1.0.2']) {
      const details = assertError(await reserve(range), 409, 'reservation_overlap', 'range');
      assert.equal(details.reservation, body.id);
    }
    await ask('a', { ip: '10.1.0.6' });
    const details = assertError(await reserve('10.1.0.5-10.1.0.6'), 409, 'address_taken', 'range');
    assert.deepEqual([details.ip, details.vm_id], ['10.1.0.6', 'a']);
    assert.equal((await reserve('10.1.0.5-10.1.0.6', { vm_id: 'a' })).status, 201);
  });

  it('is refused outside of the network, and in the past', async () => {
    const { reserve, get, path } = await start();
    for (const range of ['10.1.0.8', '10.1.0.6-10.1.0.9', '10.0.0.0/8', 'fd00::1']) {
      assertError(await reserve(range), 400, 'invalid_address', 'range');
    }
    for (const expires_at of [new Date(NOW).toISOString(), '1999-12-31T23:59:59Z', '2026-01-02T04:04:05+01:00']) {
      assertError(await reserve('10.1.0.5', { expires_at }), 400, 'invalid_request', 'expires_at');
    }
    assert.deepEqual((await get<Reservation[]>(path)).body, []);
  });
});

describe('DELETE /api/v1/networks/{id}/reservations/{rid}', () => {
  it('is 204 and gives the addresses back; 404 the second time', async () => {
    const { reserve, remove, path, ask } = await start();
    const { body } = await reserve('10.1.0.0/29');
    assertError(await ask('a'), 503, 'pool_exhausted');
    assertError(await remove(`/networks/default/reservations/${body.id}`), 404, 'reservation_not_found');
    assert.equal((await remove(`${path}/${body.id}`)).status, 204);
    assertError(await remove(`${path}/${body.id}`), 404, 'reservation_not_found');
    assert.equal((await ask('a')).body.ip, '10.1.0.1');
  });
});
