import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Keys } from '../../../src/store/etcd/keys.ts';
import { within } from '../../../src/store/etcd/operation.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { allocated } from './events.ts';
import { Site } from './site.ts';

// About 1 s.
describe('upkeep of a store on etcd', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  it('forgets what is older than history is kept, and no allocation with it', async (t) => {
    const prefix = site.prefix();
    let now = 1_000_000;
    const store = site.store(t, { prefix, now: () => now, retentionMs: 1000 });
    await store.open(() => undefined);
    await store.commit([allocated('vm1', '10.0.0.1', { at: now })]);
    now += 800;
    await store.commit([allocated('vm2', '10.0.0.2', { at: now })]);
    await store.close();
    now += 500;
    const next = site.store(t, { prefix, now: () => now, retentionMs: 1000 });
    const found: string[] = [];
    await next.open((batch) => found.push(...batch.map(({ type }) => type)));
    assert.deepEqual(found, ['ip_allocated', 'ip_allocated']);
    const kept = async () => {
      const ids: unknown[] = [];
      for await (const { event } of next.history.search({})) ids.push('vm_id' in event && event.vm_id);
      return ids;
    };
    while ((await kept()).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(await kept(), ['vm2']);
  });

  it('tells where a node is for as long as it is open', async (t) => {
    const prefix = site.prefix();
    const client = site.client(t);
    const nodes = async () => {
      const { kvs } = await client.range(within(new Keys(prefix).family('node')));
      return kvs.map(({ value }) => JSON.parse(value.toString()) as unknown);
    };
    const store = site.store(t, { prefix, now: () => 5_000_000 });
    await store.open(() => undefined);
    store.register(() => ({ url: 'http://10.0.0.1:8080' }));
    while ((await nodes()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(await nodes(), [{ url: 'http://10.0.0.1:8080', clock: 5_000_000 }]);
    await store.close();
    assert.deepEqual(await nodes(), []);
  });

  it('goes by the clock of most nodes when its own is wrong, from the start on', async (t) => {
    const prefix = site.prefix();
    const day = 86_400_000;
    const noon = Date.now();
    const [one, two] = [
      site.store(t, { prefix, node: 'one', now: () => noon }),
      site.store(t, { prefix, node: 'two', now: () => noon - 900 }),
    ];
    for (const store of [one, two]) {
      await store.open(() => undefined);
      store.register(() => ({}));
    }
    const client = site.client(t);
    const count = async () => (await client.range(within(new Keys(prefix).family('node')))).kvs.length;
    while ((await count()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    const ahead = site.store(t, { prefix, node: 'ahead', now: () => noon + day });
    await ahead.open(() => undefined);
    assert.equal(ahead.skew, -day);
    assert.deepEqual([one.skew, two.skew], [0, 0]);
  });
});
