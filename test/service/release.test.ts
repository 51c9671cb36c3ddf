import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { settled } from '../support/manual-store.ts';
import { ELSEWHERE, ipOf, isPending, rejects, startService } from '../support/service.ts';

describe('allocations.release', () => {
  it('keeps the address from others, and visible, until it is durable', async () => {
    const { allocate, hold, release, get, counts, commit } = await startService('10.0.0.0/30');
    await hold('a');
    const released = release('a');
    assert.equal(await isPending(released), true);
    assert.equal(ipOf(await get('a')), '10.0.0.2');
    assert.deepEqual(counts(), { total: 1, allocated: 1, available: 0 });
    await rejects(allocate('b'), 'pool_exhausted');
    commit().succeed();
    assert.equal(ipOf(await released), '10.0.0.2');
    await rejects(get('a'), 'allocation_not_found');
    const next = allocate('b');
    await settled();
    commit().succeed();
    assert.equal(ipOf(await next), '10.0.0.2');
  });

  it('leaves everything as it was when its commit fails', async () => {
    const { hold, release, get, counts, commit } = await startService();
    await hold('a');
    const released = release('a');
    await settled();
    commit().fail();
    await rejects(released, 'storage_full');
    assert.equal(ipOf(await get('a')), '10.0.0.2');
    assert.deepEqual(counts(), { total: 5, allocated: 1, available: 4 });
  });

  it('is done once: the second finds nothing, by owner and by address', async () => {
    const { hold, release, releaseByIp, commit } = await startService();
    await hold('a');
    const first = release('a');
    const [second, third] = [release('a'), releaseByIp('10.0.0.2')];
    assert.equal(await isPending(second), true);
    assert.equal(await isPending(third), true);
    commit().succeed();
    await first;
    await rejects(second, 'allocation_not_found');
    await rejects(third, 'allocation_not_found');
  });

  it('waits for an allocation of the same owner that is under way', async () => {
    const { allocate, release, get, commit } = await startService();
    const held = allocate('a');
    const released = release('a', '10.0.0.2');
    await settled();
    commit().succeed();
    await held;
    await settled();
    commit().succeed();
    assert.equal(ipOf(await released), '10.0.0.2');
    await rejects(get('a'), 'allocation_not_found');
  });

  it('says "not found" and "another address" only after a barrier', async () => {
    const { hold, release, releaseByIp, store, commit } = await startService();
    await rejects(release('a'), 'allocation_not_found');
    await rejects(releaseByIp('10.0.0.2'), 'allocation_not_found');
    assert.equal(store.barriers, 2);
    await hold('a');
    await rejects(release('a', '10.0.0.9'), 'address_mismatch');
    assert.equal(store.barriers, 3);
    store.atBarrier = () => {
      store.atBarrier = () => undefined;
      store.deliver({ type: 'ip_allocated', ip: '10.0.0.5', vm_id: 'z', ...ELSEWHERE });
    };
    const late = release('z');
    await settled();
    commit().succeed();
    assert.equal(ipOf(await late), '10.0.0.5');
  });
});
