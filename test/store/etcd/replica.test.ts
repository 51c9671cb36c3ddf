import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { EtcdError } from '../../../src/store/etcd/failure.ts';
import type { RangeRequest, RangeResponse } from '../../../src/store/etcd/messages.ts';
import { within } from '../../../src/store/etcd/operation.ts';
import { Replica, type ReplicaOptions, type Revision } from '../../../src/store/etcd/replica.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { Site } from './site.ts';

/** Asks a real etcd, notes what for, and gets no answer while it is away. */
class Noting extends EtcdClient {
  readonly asked: RangeRequest[] = [];
  isAway = false;

  override range(request: RangeRequest): Promise<RangeResponse> {
    this.asked.push(request);
    return this.isAway ? Promise.reject(new EtcdError('UNAVAILABLE', 'away', 'here')) : super.range(request);
  }
}

// About 5 s.
describe('a replica', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  /** A replica that is not open yet, of the keys behind a prefix. */
  function place(t: TestContext, more: Partial<ReplicaOptions> = {}) {
    const prefix = site.prefix();
    const client = new Noting({ endpoints: site.etcd.endpoints, now: () => Date.now() });
    const range = { from: `${prefix}a`, to: `${prefix}b` };
    const delivered: Revision[] = [];
    const lost: Error[] = [];
    const replica = new Replica({
      client,
      range,
      deliver: (revision) => delivered.push(revision),
      lost: (error) => lost.push(error),
      missed: async (since) => {
        const { header, kvs } = await client.range({ ...within(range), limit: 100, sort_target: 'MOD' });
        return { revision: Number(header.revision), puts: kvs.filter((kv) => Number(kv.mod_revision) > since) };
      },
      clock: () => performance.now(),
      log: () => undefined,
      ...more,
    });
    t.after(() => {
      replica.close();
      client.close();
    });
    const key = (name: string) => `${prefix}${name}`;
    /** Puts a key; tells the revision. */
    const put = async (name: string) => Number((await client.put({ key: key(name), value: name })).header.revision);
    const keys = () => delivered.flatMap(({ puts }) => puts.map(({ value }) => value));
    return { replica, client, put, key, keys, delivered, lost };
  }

  it('catches up when what it waits for is compacted', async (t) => {
    const { replica, client, put, keys } = place(t);
    const first = await put('a0');
    let last = first;
    for (const name of ['a3', 'a1', 'a2']) last = await put(name);
    await client.compact({ revision: last, physical: true });
    replica.open(first);
    await replica.reached(last);
    assert.deepEqual(keys(), ['a3', 'a1', 'a2']);
    assert.equal(client.asked.length, 1);
    await replica.reached(await put('a4'));
    assert.deepEqual(keys(), ['a3', 'a1', 'a2', 'a4']);
  });

  it('waits for an etcd that is away while it catches up', async (t) => {
    const { replica, client, put, keys, lost } = place(t);
    const first = await put('a0');
    const last = await put('a1');
    await client.compact({ revision: last, physical: true });
    client.isAway = true;
    replica.open(first - 1);
    while (client.asked.length < 8) await new Promise((resolve) => setTimeout(resolve, 20));
    client.isAway = false;
    await replica.reached(last);
    assert.deepEqual([keys(), lost], [['a0', 'a1'], []]);
  });

  it('gives up when etcd is compacted again and again while it catches up, once', async (t) => {
    let asked = 0;
    const missed = () => {
      asked++;
      return Promise.reject(new EtcdError('OUT_OF_RANGE', 'required revision has been compacted', 'here'));
    };
    const { replica, client, put, lost } = place(t, { missed });
    const first = await put('a0');
    await client.compact({ revision: await put('a1'), physical: true });
    replica.open(first - 1);
    while (lost.length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.deepEqual([lost.length, asked], [1, 5]);
  });

  it('misses nothing that is compacted in a quiet hour', async (t) => {
    let now = 1000;
    const { replica, client, put, keys } = place(t, { clock: () => now });
    replica.open(await put('a0'));
    let elsewhere = 0;
    for (const name of ['c1', 'c2', 'c3']) elsewhere = await put(name);
    replica.pass(elsewhere);
    assert.equal(replica.revision, elsewhere);
    await client.compact({ revision: elsewhere, physical: true });
    now += 10_000;
    replica.moveOn();
    await replica.reached(await put('a1'));
    assert.deepEqual(keys(), ['a1']);
    assert.deepEqual(client.asked, [], 'there was nothing to catch up with');
  });

  it('gives a member some time before it moves on to the next', async (t) => {
    let now = 1000;
    const moved: number[] = [];
    const { replica, put } = place(t, { clock: () => now, log: () => moved.push(now) });
    replica.open(await put('a0'));
    for (; now < 3000; now += 100) {
      replica.moveOn();
      if (moved.at(-1) === now) await new Promise((resolve) => setTimeout(resolve, 150)); // until it watches again
    }
    assert.deepEqual(moved, [1000, 1700, 2400]);
  });

  it('is told nothing of what is deleted', async (t) => {
    const { replica, client, put, key, delivered } = place(t);
    replica.open(await put('a0'));
    await client.deleteRange({ key: key('a0') });
    const next = await put('a1');
    await replica.reached(next);
    assert.deepEqual(
      delivered.map(({ revision }) => revision),
      [next],
    );
  });
});
