import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolError } from '../../src/errors.ts';
import { settled } from '../support/manual-store.ts';
import { SCOPE, startService, wish } from '../support/service.ts';

describe('bulk.allocate', () => {
  it('asks a store that is away for no further slice, and says so of every request', async () => {
    const { bulk, store } = await startService('10.0.0.0/16');
    const requests = Array.from({ length: 1200 }, (_, i) => wish(`vm-${i}`));
    let failed = 0;
    const codes: string[] = [];
    const answered = (async () => {
      for await (const outcomes of bulk.allocate(SCOPE, requests)) {
        for (const outcome of outcomes) codes.push('error' in outcome ? outcome.error.code : 'given');
      }
    })();
    while (codes.length < requests.length) {
      await settled();
      for (const commit of [...store.commits]) {
        failed++;
        commit.fail(new PoolError('store_unavailable', 'away'));
      }
    }
    await answered;
    assert.deepEqual([codes.length, new Set(codes)], [1200, new Set(['store_unavailable'])]);
    // The commit of the first slice, and each of its requests alone.
    assert.equal(failed, 501);
  });

  it('does not wait for a moment when nobody is busy with any of its owners', async () => {
    const { allocate, bulk, hold, store } = await startService();
    for (const vm of ['a', 'b']) await hold(vm);
    // While a change of one is under way, the next of it waits: there is always one of both.
    const busy = ['a', 'b'].flatMap((vm) => [allocate(vm, 'h-0'), allocate(vm, 'h-1')]);
    const answered = (async () => {
      for await (const outcomes of bulk.allocate(
        SCOPE,
        ['a', 'b', 'new'].map((vm) => wish(vm)),
      ))
        return outcomes.length;
      return 0;
    })();
    const isGiven = () =>
      store.commits.some(({ events }) => events.some((event) => 'vm_id' in event && event.vm_id === 'new'));
    for (let turn = 2; turn < 40 && !isGiven(); turn++) {
      await settled();
      for (const vm of ['a', 'b']) busy.push(allocate(vm, `h-${turn}`));
      if (!isGiven()) store.commits[0]?.succeed();
      await settled();
    }
    assert.ok(isGiven());
    const all = Promise.all([answered, ...busy]);
    for (let left = 1000; store.commits.length > 0 && left > 0; left--) {
      store.commits[0]?.succeed();
      await settled();
    }
    assert.equal((await all)[0], 3);
  });
});
