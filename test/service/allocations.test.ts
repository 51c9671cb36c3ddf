import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolError } from '../../src/errors.ts';
import { NOW } from '../support/app.ts';
import { settled } from '../support/manual-store.ts';
import { ELSEWHERE, ipIn, ipOf, isPending, rejects, startService } from '../support/service.ts';

describe('allocations.allocate', () => {
  it('commits the outcome, with the time, the actor and the request', async () => {
    const { allocate, commit } = await startService();
    const held = allocate('a', 'web-1');
    await settled();
    const origin = { at: NOW, actor: 'anna', request_id: 'r-1' };
    const facts = { network: 'default', ip: '10.0.0.2', vm_id: 'a', nic: '', hostname: 'web-1' };
    assert.deepEqual(commit().events, [{ type: 'ip_allocated', ...facts, ...origin }]);
    commit().succeed();
    assert.equal((await held).created, true);
  });

  it('answers, and shows what it gave, only when it is durable', async () => {
    const { allocate, get, visible, counts, commit } = await startService();
    const held = allocate('a');
    assert.equal(await isPending(held), true);
    assert.deepEqual(visible(), []);
    assert.deepEqual(counts(), { total: 5, allocated: 0, available: 5 });
    await rejects(get('a'), 'allocation_not_found');
    commit().succeed();
    assert.equal(ipOf(await held), '10.0.0.2');
    assert.equal(ipOf(await get('a')), '10.0.0.2');
    assert.deepEqual(counts(), { total: 5, allocated: 1, available: 4 });
  });

  it('lets a second request of the same owner wait for the first, and answers it with the same address', async () => {
    const { allocate, commit, store } = await startService();
    const first = allocate('a');
    const second = allocate('a');
    assert.equal(await isPending(second), true);
    assert.equal(store.commits.length, 1);
    commit().succeed();
    assert.equal(ipOf(await first), ipOf(await second));
    assert.deepEqual([(await first).created, (await second).created], [true, false]);
    assert.equal(store.commits.length, 0);
  });

  it('lets the second request try for itself when the first failed', async () => {
    const { allocate, commit } = await startService();
    const first = allocate('a');
    const second = allocate('a');
    await settled();
    commit().fail();
    await rejects(first, 'storage_full');
    await settled();
    commit().succeed();
    assert.equal((await second).created, true);
    assert.equal(ipOf(await second), '10.0.0.2');
  });

  it('does not wait for other owners, and gives each of them another address', async () => {
    const { allocate, store } = await startService();
    const all = ['a', 'b', 'c', 'd', 'e'].map((vm_id) => allocate(vm_id));
    await settled();
    assert.equal(store.commits.length, 5);
    for (const commit of [...store.commits].reverse()) commit.succeed();
    assert.equal(new Set((await Promise.all(all)).map(ipOf)).size, 5);
  });

  it('frees the address of a failed commit, and nothing else', async () => {
    const { allocate, commit, counts, visible, hold, network } = await startService();
    await hold('a');
    const [b, c] = [allocate('b'), allocate('c')];
    await settled();
    const [lost, kept] = [ipIn(commit(0).events[0]), ipIn(commit(1).events[0])];
    commit(0).fail();
    await rejects(b, 'storage_full');
    assert.equal(network.free.has(network.offsetOf(lost) ?? -1n), true);
    assert.equal(network.free.has(network.offsetOf(kept) ?? -1n), false);
    commit(0).succeed();
    assert.equal(ipOf(await c), kept);
    assert.deepEqual(visible(), ['a', 'c']);
    assert.deepEqual(counts(), { total: 5, allocated: 2, available: 3 });
  });

  it('says exhausted while the last address is still under way, and gives it when that fails', async () => {
    const { allocate, commit } = await startService('10.0.0.0/30');
    const first = allocate('a');
    await rejects(allocate('b'), 'pool_exhausted');
    commit().fail();
    await rejects(first, 'storage_full');
    const again = allocate('b');
    await settled();
    commit().succeed();
    assert.equal(ipOf(await again), '10.0.0.2');
  });

  it('says exhausted only after a barrier, behind which there may be room', async () => {
    const { allocate, hold, store, commit } = await startService('10.0.0.0/30');
    await hold('a');
    store.barriers = 0;
    await rejects(allocate('b'), 'pool_exhausted');
    assert.equal(store.barriers, 1);
    store.atBarrier = () => store.deliver({ type: 'ip_released', ip: '10.0.0.2', vm_id: 'a', ...ELSEWHERE });
    const late = allocate('b');
    await settled();
    commit().succeed();
    assert.equal(ipOf(await late), '10.0.0.2');
  });

  it('says "you hold one already" only after a barrier, behind which it may be gone', async () => {
    const { allocate, hold, store, commit } = await startService();
    await hold('a');
    store.atBarrier = () => {
      store.atBarrier = () => undefined;
      store.deliver({ type: 'ip_released', ip: '10.0.0.2', vm_id: 'a', ...ELSEWHERE });
    };
    const again = allocate('a');
    await settled();
    commit().succeed();
    assert.equal((await again).created, true);
  });

  it('decides anew after a conflict, on what the other writer left', async () => {
    const { allocate, store, commit } = await startService();
    const held = allocate('a');
    await settled();
    store.deliver({ type: 'ip_allocated', ip: '10.0.0.2', vm_id: 'z', ...ELSEWHERE });
    commit().fail(new PoolError('conflict', 'another was first'));
    await settled();
    assert.equal(ipIn(commit().events[0]), '10.0.0.3');
    commit().succeed();
    assert.equal(ipOf(await held), '10.0.0.3');
  });

  it('gives up when conflicts do not end, and frees what it held', async () => {
    const { allocate, store, counts, network } = await startService();
    const ended = rejects(allocate('a'), 'conflict');
    let conflicts = 0;
    await settled();
    for (; store.commits.length > 0 && conflicts < 100; conflicts++) {
      store.commits[0]?.fail(new PoolError('conflict', 'another was first'));
      await settled();
    }
    await ended;
    assert.ok(conflicts > 5 && conflicts < 100);
    assert.deepEqual(counts(), { total: 5, allocated: 0, available: 5 });
    assert.equal(network.available, 5n);
    assert.equal(network.free.next(0n), 2n);
  });

  it('updates a hostname durably, and commits nothing when nothing changes', async () => {
    const { allocate, get, hold, commit, store } = await startService();
    await hold('a', 'old');
    assert.equal((await allocate('a')).allocation.attributes.hostname, 'old');
    assert.equal((await allocate('a', 'old')).allocation.attributes.hostname, 'old');
    const changed = allocate('a', 'new');
    await settled();
    assert.equal((await get('a')).allocation.attributes.hostname, 'old');
    commit().fail();
    await rejects(changed, 'storage_full');
    assert.equal((await get('a')).allocation.attributes.hostname, 'old');
    const again = allocate('a', 'new');
    await settled();
    commit().succeed();
    assert.equal((await again).allocation.attributes.hostname, 'new');
    assert.equal((await get('a')).allocation.attributes.hostname, 'new');
    assert.equal(store.commits.length, 0);
  });
});

describe('allocations.get', () => {
  it('looks behind a barrier', async () => {
    const { get, store } = await startService();
    store.atBarrier = () => store.deliver({ type: 'ip_allocated', ip: '10.0.0.5', vm_id: 'z', ...ELSEWHERE });
    assert.equal(ipOf(await get('z')), '10.0.0.5');
  });
});
