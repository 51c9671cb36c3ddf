import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { drain } from '../support/drain.ts';
import { settled } from '../support/manual-store.ts';
import { ELSEWHERE, ipOf, isPending, rejects, SCOPE, startService, wish } from '../support/service.ts';

/** @param gone so many VMs that nobody lists, before a, b and c */
async function start(gone = 0) {
  const service = await startService('10.0.0.0/16', { strategy: 'lowest' });
  const requests = Array.from({ length: gone }, (_, i) => wish(`gone-${i}`));
  const outcomes = service.bulk.allocate(SCOPE, requests);
  const allocated = (async () => {
    while ((await outcomes.next()).done !== true);
  })();
  await drain(service.store, allocated);
  for (const vm_id of ['a', 'b', 'c']) await service.hold(vm_id);
  const run = (live: readonly string[], more: { dryRun?: boolean; network?: string } = {}) =>
    service.reclaim.run(SCOPE, {
      network: undefined,
      vmIdPrefix: undefined,
      tag: undefined,
      live: new Set(live),
      graceSeconds: 0,
      dryRun: false,
      force: true,
      ...more,
    });
  const missing = async (running: ReturnType<typeof run>) => {
    await drain(service.store, running);
    return (await running).missing.map(({ allocation, released }) => [allocation.vm_id, released]);
  };
  return { ...service, run, missing };
}

/** What is decided on after the first commit. */
const startSliced = () => start(500);

describe('reconciliation.run', () => {
  it('does not look at an allocation that is not durable yet', async () => {
    const { run, allocate, commit } = await start();
    const asked = allocate('new');
    await settled();
    const { missing: found } = await run(['a', 'b', 'c']);
    assert.deepEqual(found, []);
    commit().succeed();
    await asked;
  });

  it('waits for a change of the same VM, and does not free what it made anew meanwhile', async () => {
    const { run, missing, allocate, commit, visible } = await start();
    assert.deepEqual(await missing(run(['a', 'b'])), [['c', false]]);
    const again = allocate('c', 'alive'); // it asks: it lives
    await settled();
    const running = run(['a', 'b']);
    assert.equal(await isPending(running), true);
    commit().succeed();
    await again;
    assert.deepEqual(await missing(running), [['c', false]]);
    assert.deepEqual(visible(), ['a', 'b', 'c']);
  });

  it('leaves out what is released while it waits', async () => {
    const { run, release, commit, missing, visible } = await start();
    await missing(run(['a', 'b']));
    const released = release('c');
    await settled();
    const running = run(['a', 'b']);
    assert.equal(await isPending(running), true);
    commit().succeed();
    await released;
    assert.deepEqual(await missing(running), []);
    assert.deepEqual(visible(), ['a', 'b']);
  });

  it('does not free an address that somebody else has by now', async () => {
    const { run, missing, store, visible } = await startSliced();
    await missing(run(['a', 'b']));
    const running = run(['a', 'b']);
    while (store.commits.length === 0) await settled(); // the first five hundred; c comes after them
    // Another writer: c gives its address back, and d gets it.
    const ip = '10.0.1.248';
    store.deliver({ type: 'ip_released', ...ELSEWHERE, vm_id: 'c', ip });
    store.deliver({ type: 'ip_allocated', ...ELSEWHERE, at: ELSEWHERE.at + 5, vm_id: 'd', ip });
    const found = await missing(running);
    assert.deepEqual([found.length, found.every(([, released]) => released)], [500, true]);
    assert.deepEqual(visible(), ['a', 'b', 'd']);
  });

  it('passes over a network that is removed meanwhile', async () => {
    const { run, missing, store, add, allocations, durable, pool } = await startSliced();
    await add('10.9.0.0/24', 'nine');
    const given = await durable(allocations.allocate(SCOPE, wish('z', { network: 'nine' })));
    const running = run(['a', 'b', 'c']);
    while (store.commits.length === 0) await settled();
    const event = { type: 'ip_released', ...ELSEWHERE, network: 'nine', vm_id: 'z', ip: ipOf(given) } as const;
    store.deliver(event, { ...ELSEWHERE, type: 'network_removed', network: 'nine', cidr: '10.9.0.0/24' });
    assert.equal(pool.find('nine'), undefined);
    const found = await missing(running);
    assert.equal(found.length, 500);
    assert.ok(!found.some(([vm_id]) => vm_id === 'z'));
  });

  it('frees in commits of hundreds, so that others have their turn', async () => {
    const { run, missing, store } = await start(1200);
    await missing(run(['a', 'b', 'c']));
    const running = run(['a', 'b', 'c']);
    assert.deepEqual(await drain(store, running), [500, 500, 200]);
    assert.equal((await running).missing.filter(({ released }) => released).length, 1200);
  });

  it('tells what failed, and has freed nothing of it', async () => {
    const { run, missing, commit, visible } = await start();
    await missing(run(['a', 'b']));
    const running = run(['a', 'b']);
    await settled();
    commit().fail();
    await rejects(running, 'storage_full');
    assert.deepEqual(visible(), ['a', 'b', 'c']);
    assert.deepEqual(await missing(run(['a', 'b'])), [['c', true]]);
  });
});
