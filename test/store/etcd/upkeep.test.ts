import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { PoolError } from '../../../src/errors.ts';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { Keys } from '../../../src/store/etcd/keys.ts';
import { put, within } from '../../../src/store/etcd/operation.ts';
import { Retention } from '../../../src/store/etcd/retention.ts';
import { thisProcess } from '../../../src/host/process-identity.ts';
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
    await next.open(({ events }) => found.push(...events.map(({ type }) => type)));
    assert.deepEqual(found, ['ip_allocated', 'ip_allocated']);
    const kept = async () => {
      const ids: unknown[] = [];
      for await (const { event } of next.history.search({})) ids.push('vm_id' in event && event.vm_id);
      return ids;
    };
    while ((await kept()).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(await kept(), ['vm2']);
  });

  it('forgets a long history piece by piece', async (t) => {
    const client = site.client(t);
    const keys = new Keys(site.prefix());
    const written = Array.from({ length: 2500 }, (_, n) => put(keys.event(n < 2400 ? n : 9000, 'a', 'b', n), '{}'));
    for (let n = 0; n < written.length; n += 100) {
      await client.txn({ compare: [], success: written.slice(n, n + 100), failure: [] });
    }
    const count = async () => Number((await client.range({ ...within(keys.events), count_only: true })).count);
    const deleted: string[] = [];
    const deleteRange = client.deleteRange.bind(client);
    client.deleteRange = async (request) => {
      const answer = await deleteRange(request);
      deleted.push(answer.deleted);
      return answer;
    };
    await new Retention(client, keys, assert.ifError).forget(5000);
    assert.deepEqual([deleted, await count()], [['1000', '1000', '400'], 100]);
  });

  it('tells where a node is for as long as it is open', async (t) => {
    const prefix = site.prefix();
    const client = site.client(t);
    const nodes = async () => {
      const { kvs } = await client.range(within(new Keys(prefix).family('node')));
      return kvs.map(({ value }) => JSON.parse(value) as unknown);
    };
    const store = site.store(t, { prefix, now: () => 5_000_000 });
    await store.open(() => undefined);
    store.register(() => ({ url: 'http://10.0.0.1:8080' }));
    while ((await nodes()).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(await nodes(), [{ url: 'http://10.0.0.1:8080', clock: 5_000_000, process: thisProcess().name }]);
    await store.close();
    assert.deepEqual(await nodes(), []);
  });

  it('forgets what released addresses meant when that is over, and nothing that still means something', async (t) => {
    const prefix = site.prefix();
    const [day, now] = [86_400_000, Date.now()];
    const store = site.store(t, { prefix, now: () => now - 2 * day }); // it begins with a look of its own
    await store.open(() => undefined);
    const remembered = { type: 'ip_remembered', network: 'n', nic: '' } as const;
    const events: PoolEvent[] = [
      { ...remembered, ip: '10.0.0.1', vm_id: 'vm1', cooling_until: now - day },
      { ...remembered, ip: '10.0.0.2', vm_id: 'vm2', cooling_until: now - day, sticky_until: now + day },
      { ...remembered, ip: '10.0.0.3', vm_id: 'vm3', cooling_until: now - 1000 },
    ];
    await store.commit(events);
    await store.close();
    const client = site.client(t);
    const keys = new Keys(prefix);
    const kept = async () =>
      (await client.range(within(keys.family('mem')))).kvs.map(({ value }) => (JSON.parse(value) as { ip: string }).ip);
    assert.equal((await kept()).length, 3);
    await new Retention(client, keys, assert.ifError).forgetMemories(now - 3_600_000);
    assert.deepEqual(await kept(), ['10.0.0.2', '10.0.0.3']);
  });

  it('finds out when a node and etcd, or addresses and owners in etcd, do not agree', async (t) => {
    const prefix = site.prefix();
    const held = [allocated('vm1', '10.0.0.1'), allocated('vm2', '10.0.0.2')];
    let state: PoolEvent[] = held;
    const fatal: string[] = [];
    const logged: string[] = [];
    const store = site.store(t, {
      prefix,
      state: () => state,
      fatal: ({ code }) => void fatal.push(code),
      log: (level, _, message) => {
        if (level === 'warn') logged.push(message);
      },
    });
    await store.open(() => undefined);
    for (const event of held) await store.commit([event]);
    await store.inspect();
    assert.deepEqual([fatal, logged], [[], []]);
    await site.client(t).deleteRange({ key: new Keys(prefix).owner('default', 'vm1') });
    await store.commit([allocated('vm3', '10.0.0.3')]);
    state = [...held, allocated('vm3', '10.0.0.3')];
    await store.inspect();
    assert.deepEqual([fatal, logged.length], [[], 1]);
    state = [...held, allocated('vm4', '10.0.0.3')];
    await store.inspect();
    assert.deepEqual(fatal, ['store_unavailable']);
  });

  it('begins anew when etcd has gone back to an older copy of its data', async (t) => {
    const deaths: PoolError[] = [];
    const client = new EtcdClient({ endpoints: site.etcd.endpoints, now: () => Date.now() });
    const store = site.store(t, { client, fatal: (error) => deaths.push(error) });
    await store.open(() => undefined);
    await store.commit([allocated('vm1', '10.0.0.1')]);
    await store.barrier();
    const range = client.range.bind(client);
    client.range = async (request) => {
      const answer = await range(request);
      const older = { ...answer.header, revision: String(store.revision - 1) };
      return { ...answer, kvs: [], header: older };
    };
    await assert.rejects(store.barrier(), { code: 'store_unavailable', message: /gone back/ });
    await assert.rejects(store.commit([allocated('vm2', '10.0.0.2')]), { code: 'store_unavailable' });
    assert.deepEqual(
      deaths.map(({ code }) => code),
      ['store_unavailable'],
    );
  });

  it('names the key of what it cannot read, and passes over what is no record', async (t) => {
    const client = site.client(t);
    for (const value of ['{broken', 'null', '{}', '[null]', '[{}]']) {
      const prefix = site.prefix();
      const deaths: PoolError[] = [];
      const store = site.store(t, { prefix, fatal: (error) => deaths.push(error) });
      await store.open(() => undefined);
      const place = async (key: string) => {
        await client.txn({ compare: [], success: [put(`${prefix}head`, ''), put(prefix + key, value)], failure: [] });
        await store.barrier().catch(() => undefined); // dead by then
      };
      await place('ev/zzz');
      await store.commit([allocated('vm1', '10.0.0.1', { at: Date.now() })]);
      const found: string[] = [];
      for await (const { event } of store.history.search({ since: Date.now() - 60_000 })) found.push(event.type);
      assert.deepEqual([found, deaths], [['ip_allocated'], []]);
      await place('ev/fe0000000000/x/y/0');
      assert.equal(deaths[0]?.code, 'store_unavailable');
      assert.match(deaths[0].message, /ev\/fe0000000000\/x\/y\/0 /);
      const key = `${prefix}ip/default/zz`;
      await client.put({ key, value });
      const next = site.store(t, { prefix, node: 'n2' });
      await assert.rejects(
        next.open(() => undefined),
        { code: 'data_corrupt', details: { key } },
      );
    }
  });

  it('goes by the clock of most nodes when its own is wrong, from the start on', async (t) => {
    const prefix = site.prefix();
    const day = 86_400_000;
    const noon = Date.now();
    const retentionMs = 30 * day;
    const old = site.store(t, { prefix, now: () => noon - 3 * day, retentionMs });
    await old.open(() => undefined);
    await old.commit([allocated('old', '10.0.0.1')]);
    await old.close();
    const [one, two] = [
      site.store(t, { prefix, node: 'one', now: () => noon, retentionMs }),
      site.store(t, { prefix, node: 'two', now: () => noon - 900, retentionMs }),
    ];
    for (const store of [one, two]) {
      await store.open(() => undefined);
      store.register(() => ({}));
    }
    const client = site.client(t);
    const count = async () => (await client.range(within(new Keys(prefix).family('node')))).kvs.length;
    while ((await count()) < 2) await new Promise((resolve) => setTimeout(resolve, 20));
    await one.commit([allocated('new', '10.0.0.2')]);
    const ahead = site.store(t, { prefix, node: 'ahead', now: () => noon + 9 * day, retentionMs: day });
    await ahead.open(() => undefined);
    assert.ok(Math.abs(ahead.skew + 9 * day) < 60_000, `${ahead.skew}`);
    assert.deepEqual([one.skew, two.skew], [0, 0]);
    const kept = async () => {
      const owners: unknown[] = [];
      for await (const { event } of one.history.search({})) owners.push('vm_id' in event && event.vm_id);
      return owners;
    };
    // What is too old goes, and by the wrong clock all would go with it.
    while ((await kept()).length > 1) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.deepEqual(await kept(), ['new']);
  });

  it('deletes by the clock that is furthest behind where two cannot know who is wrong', async (t) => {
    const prefix = site.prefix();
    const day = 86_400_000;
    const noon = Date.now();
    const retentionMs = day;
    const old = site.store(t, { prefix, now: () => noon - 3 * day, retentionMs });
    await old.open(() => undefined);
    await old.commit([allocated('old', '10.0.0.1')]);
    await old.close();
    const one = site.store(t, { prefix, node: 'one', now: () => noon, retentionMs: 30 * day });
    await one.open(() => undefined);
    one.register(() => ({}));
    await one.commit([allocated('new', '10.0.0.2')]);
    const client = site.client(t);
    const left = async (kind: 'ev' | 'node') =>
      (await client.range(within(new Keys(prefix).family(kind)))).kvs.map(({ value }) => value);
    while ((await left('node')).length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await site.store(t, { prefix, node: 'ahead', now: () => noon + 9 * day, retentionMs }).open(() => undefined);
    while ((await left('ev')).some((value) => value.includes('old')))
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await left('ev')).length, 1);
  });
});
