import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolError } from '../../src/pool/errors.ts';
import { settled } from '../support/held-store.ts';
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
});
