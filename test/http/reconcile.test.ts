import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { AuditEntry, ReconcileResponse } from '../../src/api/history.ts';
import { assertError } from '../support/error-response.ts';
import { NOW } from '../support/app.ts';
import { after, startHistorySite } from '../support/history-site.ts';

const GRACE = 600;

/** vm-0 to vm-4 have addresses; vm-0 and vm-1 are of host-a, the others of host-b. */
async function start() {
  const site = await startHistorySite();
  for (let i = 0; i < 5; i++) {
    await site.give({ network: 'default', vm_id: `vm-${i}`, tags: [i < 2 ? 'host-a' : 'host-b'] });
  }
  const ask = (live: readonly string[], more: object = {}) =>
    site.api.post('/api/v1/reconcile').send({ live, grace_seconds: GRACE, ...more });
  const reconcile = async (live: readonly string[], more: object = {}) => {
    const answer = await ask(live, more);
    assert.equal(answer.status, 200, answer.text);
    return answer.body as ReconcileResponse;
  };
  /** Who is missing, whether it is due, whether it was released. */
  const found = async (live: readonly string[], more: object = {}) =>
    (await reconcile(live, more)).missing.map(({ vm_id, due, released }) => [vm_id, due, released]);
  const holders = async () =>
    ((await site.api.get('/api/v1/allocations')).body as { vm_id: string }[]).map(({ vm_id }) => vm_id);
  return { ...site, ask, reconcile, found, holders };
}

const WET = { dry_run: false };
const WITHOUT_4 = ['vm-0', 'vm-1', 'vm-2', 'vm-3'];
const ALL = [...WITHOUT_4, 'vm-4'];

describe('POST /api/v1/reconcile', () => {
  it('by default reports who is missing and since when, and frees nothing', async () => {
    const { reconcile, holders, pass, get } = await start();
    pass(5000);
    const answer = await reconcile(WITHOUT_4);
    const [{ id, ...missing } = assert.fail()] = answer.missing;
    assert.deepEqual(missing, {
      network_id: 'default',
      vrf: 'default',
      ip: '172.16.0.6',
      vm_id: 'vm-4',
      nic: '',
      missing_since: after(NOW, 5),
      due: false,
      released: false,
    });
    assert.deepEqual({ ...answer, missing: [] }, { dry_run: true, checked: 5, missing: [], released: 0 });
    assert.equal((await get(`/allocations/${id}`)).body.vm_id, 'vm-4');
    pass(GRACE * 1000);
    const again = await reconcile(WITHOUT_4);
    const [late = assert.fail()] = again.missing;
    assert.equal(late.missing_since, after(NOW, 5), 'since the first run that did not see it');
    assert.deepEqual([late.due, again.released], [true, 0]);
    assert.equal((await holders()).length, 5);
  });

  it('frees what was missing in two runs, grace_seconds apart at least', async () => {
    const { found, holders, pass } = await start();
    pass(GRACE * 1000);
    assert.deepEqual(
      await found(WITHOUT_4, WET),
      [['vm-4', false, false]],
      'old enough, but missing for the first time',
    );
    pass(GRACE * 1000 - 1);
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', false, false]]);
    pass(1);
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', true, true]]);
    assert.deepEqual(await holders(), WITHOUT_4);
    assert.deepEqual(await found(WITHOUT_4, WET), []);
  });

  it('frees after a dry run that saw it missing', async () => {
    const { found, pass } = await start();
    await found(WITHOUT_4);
    pass(GRACE * 1000);
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', true, true]]);
  });

  it('never frees in the first run, not even without grace', async () => {
    const { found } = await start();
    assert.deepEqual(await found(WITHOUT_4, { ...WET, grace_seconds: 0 }), [['vm-4', false, false]]);
    assert.deepEqual(await found(WITHOUT_4, { ...WET, grace_seconds: 0 }), [['vm-4', true, true]]);
  });

  it('says in the audit that it was it, and who asked', async () => {
    const { as, get } = await start();
    const body = { live: WITHOUT_4, grace_seconds: 0, dry_run: false };
    await as('cron', '/reconcile', body);
    await as('cron', '/reconcile', body);
    const [entry] = (await get<AuditEntry[]>('/audit?action=ip_released')).body;
    assert.deepEqual([entry?.user, entry?.details.reason, entry?.details.vm_id], ['cron', 'reconciled', 'vm-4']);
  });

  it('forgets about a VM that is back in the list', async () => {
    const { found, pass } = await start();
    await found(WITHOUT_4);
    pass(GRACE * 1000);
    assert.deepEqual(await found(ALL, WET), []);
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', false, false]], 'it is missing anew');
    pass(GRACE * 1000);
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', true, true]]);
  });

  it('forgets about a VM that asks for its address again', async () => {
    const { found, pass, post } = await start();
    await found(WITHOUT_4);
    pass(GRACE * 1000);
    assert.equal((await post('/allocations', { network: 'default', vm_id: 'vm-4' })).status, 200);
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', false, false]]);
  });

  it('takes a new allocation of a VM that was missing for a new one', async () => {
    const { found, pass, remove, give } = await start();
    await found(WITHOUT_4);
    pass(GRACE * 1000);
    await remove('/ip/release/vm-4').expect(200);
    pass(1);
    await give({ network: 'default', vm_id: 'vm-4' });
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', false, false]]);
    pass(GRACE * 1000);
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', true, true]]);
  });

  it('leaves what nobody asked for by name alone', async () => {
    const { found, post, pass, ips } = await start();
    await post('/allocations', { network: 'default' });
    for (let i = 0; i < 2; i++) {
      await found(ALL, { ...WET, force: true });
      pass(GRACE * 1000);
    }
    assert.deepEqual(await found(ALL, { ...WET, force: true }), []);
    assert.equal((await ips('')).length, 6);
  });
});

describe('POST /api/v1/reconcile in a scope', () => {
  it('looks only at VMs whose id begins so', async () => {
    const { reconcile, give } = await start();
    await give({ network: 'default', vm_id: 'ct-1' });
    const answer = await reconcile(WITHOUT_4, { scope: { vm_id_prefix: 'vm-' } });
    assert.deepEqual([answer.checked, answer.missing.map(({ vm_id }) => vm_id)], [5, ['vm-4']]);
  });

  it('looks only at allocations with a tag, of one host for example', async () => {
    const { reconcile } = await start();
    const answer = await reconcile(['vm-0'], { scope: { tag: 'host-a' } });
    assert.deepEqual([answer.checked, answer.missing.map(({ vm_id }) => vm_id)], [2, ['vm-1']]);
    const both = await reconcile(['vm-2', 'vm-3'], { scope: { tag: 'host-b', vm_id_prefix: 'vm-' } });
    assert.deepEqual([both.checked, both.missing.map(({ vm_id }) => vm_id)], [3, ['vm-4']]);
  });

  it('looks at one network, or at all of them', async () => {
    const { reconcile, add, give, api } = await start();
    await add('fd00::/64', { name: 'six' });
    for (const vm_id of ['vm-0', 'vm-9']) await give({ network: 'six', vm_id });
    const six = await reconcile(['vm-0'], { network: 'fd00::/64' });
    assert.deepEqual([six.checked, six.missing.map(({ vm_id }) => vm_id)], [2, ['vm-9']]);
    assert.deepEqual((await reconcile(WITHOUT_4)).checked, 7);
    const nowhere = await api.post('/api/v1/reconcile').send({ live: ALL, network: 'nowhere' });
    assertError(nowhere, 404, 'network_not_found');
  });
});

describe('POST /api/v1/reconcile with a list that looks incomplete', () => {
  it('refuses an empty list, and notes nothing', async () => {
    const { ask, found, pass } = await start();
    assertError(await ask([], WET), 409, 'unsafe_reconcile', 'live');
    assertError(await ask([]), 409, 'unsafe_reconcile', 'live');
    pass(GRACE * 1000);
    assert.deepEqual(await found(WITHOUT_4, WET), [['vm-4', false, false]]);
  });

  it('refuses when more than half would be missing, with how many', async () => {
    const { ask, found, remove } = await start();
    const details = assertError(await ask(['vm-0', 'vm-1'], WET), 409, 'unsafe_reconcile', 'live');
    assert.deepEqual([details.checked, details.missing], [5, 3]);
    assert.equal((await found(['vm-0', 'vm-1', 'vm-2'])).length, 2);
    await remove('/ip/release/vm-4').expect(200);
    assert.equal((await found(['vm-0', 'vm-1'])).length, 2, 'half is not more than half');
  });

  it('proceeds when force is set', async () => {
    const { found, holders, pass } = await start();
    assert.equal((await found([], { ...WET, force: true })).length, 5);
    assert.equal((await holders()).length, 5);
    pass(GRACE * 1000);
    assert.equal((await found([], { ...WET, force: true })).length, 5);
    assert.deepEqual(await holders(), []);
    assert.deepEqual(await found(['vm-0']), [], 'nothing is there, nothing is missing');
  });

  it('refuses what it cannot read, and names it', async () => {
    const { api } = await start();
    const bad: [body: object, field: string][] = [
      [{}, 'live'],
      [{ live: 'vm-1' }, 'live'],
      [{ live: [''] }, 'live'],
      [{ live: ['vm-1'], grace_seconds: -1 }, 'grace_seconds'],
      [{ live: ['vm-1'], dry_run: 'no' }, 'dry_run'],
      [{ live: ['vm-1'], scope: 'host-a' }, 'scope'],
    ];
    for (const [body, field] of bad) {
      assertError(await api.post('/api/v1/reconcile').send(body), 400, 'invalid_request', field);
    }
  });
});
