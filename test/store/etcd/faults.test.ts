import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { PoolError } from '../../../src/errors.ts';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { allocated } from './events.ts';
import { Proxy } from './proxy.ts';
import { Site } from './site.ts';
import { poolEvents } from '../../support/families.ts';

/** What the port promises: an answer within 3 s; what the machine takes beside that is not its business. */
const PATIENCE_MS = 3500;

const VM1 = allocated('vm1', '10.0.0.1');
const VM2 = allocated('vm2', '10.0.0.2');

// About 25 s, most of it waiting for deadlines.
describe('a store on an etcd that fails', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  /** A store that reaches etcd through a proxy first, and at its own address when that fails. */
  async function behindProxy(t: TestContext, { direct = true } = {}) {
    const [url] = site.etcd.endpoints as [string];
    const proxy = await Proxy.start(t, url);
    const prefix = site.prefix();
    const delivered: PoolEvent[] = [];
    const endpoints = direct ? [proxy.url, url] : [proxy.url];
    const store = site.store(t, { prefix, endpoints });
    await store.open((batch) => delivered.push(...poolEvents(batch.events)));
    const other = site.store(t, { prefix, node: 'other' });
    const seen: PoolEvent[] = [];
    await other.open((batch) => seen.push(...poolEvents(batch.events)));
    const settled = async () => {
      await Promise.all([store.barrier(), other.barrier()]);
      assert.deepEqual(delivered, seen);
      return delivered;
    };
    return { proxy, store, other, settled, delivered };
  }

  it('finds out that a commit counts whose answer was lost', async (t) => {
    const { proxy, store, settled } = await behindProxy(t);
    proxy.deafen();
    await inTime(store.commit([VM1]));
    assert.deepEqual(await settled(), [VM1]);
  });

  it('lets a commit be decided anew that was held up, and never counts it afterwards', async (t) => {
    const { proxy, store, settled } = await behindProxy(t);
    proxy.hold();
    const commit = store.commit([VM1]);
    commit.catch(() => undefined);
    await until(() => proxy.kept > 0);
    await new Promise((resolve) => setTimeout(resolve, 100)); // the rest of its bytes
    proxy.seal();
    await assert.rejects(inTime(commit), { code: 'conflict' });
    // Its retry, the release of that, and then the first attempt arrives.
    await store.commit([VM1]);
    await store.commit([{ ...VM1, type: 'ip_released' }]);
    proxy.release();
    await new Promise((resolve) => setTimeout(resolve, 300));
    const events = await settled();
    assert.deepEqual(
      events.map(({ type }) => type),
      ['ip_allocated', 'ip_released'],
    );
    await store.commit([allocated('vm9', '10.0.0.1')]);
  });

  it('catches up when etcd was compacted behind its back', async (t) => {
    const { proxy, store, other, settled } = await behindProxy(t, { direct: false });
    await store.commit([VM1]);
    proxy.cut();
    await other.commit([VM2]);
    const client = site.client(t);
    for (let n = 3; n < 9; n++) await other.commit([allocated(`vm${n}`, `10.0.0.${n}`)]);
    await client.compact({ revision: other.revision });
    proxy.pass();
    await until(() => store.revision >= other.revision);
    assert.equal((await settled()).length, 8);
    await store.commit([allocated('vm9', '10.0.0.9')]);
    assert.equal((await settled()).length, 9);
  });

  it('moves to another member when its own falls silent', async (t) => {
    const { proxy, store, other, settled } = await behindProxy(t);
    proxy.deafen();
    await other.commit([VM1]);
    const started = Date.now();
    while (Date.now() - started < 5000) {
      if (
        await store.barrier().then(
          () => true,
          () => false,
        )
      )
        break;
    }
    assert.deepEqual(await settled(), [VM1]);
  });

  for (const [what, stop, resume] of [
    ['has stopped', 'SIGSTOP', 'SIGCONT'],
    ['is gone', undefined, undefined],
  ] as const) {
    it(`says within 3 s that etcd ${what}, and goes on when it is back`, async (t) => {
      const { store, settled } = await behindProxy(t);
      const [member] = site.etcd.members;
      await store.commit([VM1]);
      if (stop) await member!.kill(stop);
      else await member!.stop();
      await new Promise((resolve) => setTimeout(resolve, 200)); // what was asked just before is answered still
      await Promise.all([
        assert.rejects(inTime(store.commit([VM2])), { code: 'store_unavailable' }),
        assert.rejects(inTime(store.barrier()), { code: 'store_unavailable' }),
      ]);
      assert.equal(store.health().writable, false);
      if (resume) await member!.kill(resume);
      else await member!.restart();
      await until(() => store.health().writable);
      const known = [...(await settled())];
      await store.commit([allocated('vm3', '10.0.0.3')]);
      assert.deepEqual(await settled(), [...known, allocated('vm3', '10.0.0.3')]);
    });
  }

  it('ends when another process takes its node', async (t) => {
    const prefix = site.prefix();
    const fatal: string[] = [];
    const first = site.store(t, { prefix, fatal: ({ code }) => fatal.push(code) });
    await first.open(() => undefined);
    const second = site.store(t, { prefix });
    await second.open(() => undefined);
    await assert.rejects(first.commit([VM1]), { code: 'store_unavailable' });
    assert.deepEqual(fatal, ['data_locked']);
    await second.commit([VM1]);
  });
});

// About 5 s.
describe('a store on an etcd that is full', { skip: missingEtcd() }, () => {
  it('refuses changes with storage_full, and goes on when there is room again', async (t) => {
    const site = await Site.start({ flags: ['--quota-backend-bytes=2000000'] });
    t.after(() => site.stop());
    const prefix = site.prefix();
    const delivered: PoolEvent[] = [];
    // Patient: what is not answered in time on a busy machine is of unknown outcome, which is another answer.
    const patient = new EtcdClient({ endpoints: site.etcd.endpoints, timeoutMs: 30_000, now: () => Date.now() });
    const store = site.store(t, { prefix, client: patient });
    await store.open((batch) => delivered.push(...poolEvents(batch.events)));
    const client = site.client(t);
    const description = 'x'.repeat(100_000);
    let kept = 0;
    for (let n = 0; kept === n && n < 100; n++) {
      await store.commit([allocated(`vm${n}`, `10.0.0.${n}`, { description })]).then(
        () => kept++,
        (error: unknown) => assert.equal((error as PoolError).code, 'storage_full'),
      );
    }
    assert.ok(kept < 100, 'it was never full');
    assert.equal(store.health().writable, false);
    await store.barrier();
    const [alarm] = (await client.alarms()).alarms;
    assert.equal(alarm?.alarm, 'NOSPACE');
    // A disk that is fast takes more than the quota before etcd counts it again.
    for (const kind of ['ev', 'ip'])
      await client.deleteRange({ key: `${prefix}${kind}/`, range_end: `${prefix}${kind}0` });
    const { header } = await client.range({ key: 'x' });
    await client.compact({ revision: Number(header.revision), physical: true });
    await client.defragment(site.etcd.endpoints[0]!);
    // Every refusal raises the alarm, and one that was on its way may do so again. Nobody has to ask for a change: whoever
    // goes by readiness sends none.
    for (const end = Date.now() + 15_000; !store.health().writable;) {
      assert.ok(Date.now() < end, `there is no room again: ${store.health().reason}`);
      await client.disarm(alarm.memberID, 'NOSPACE');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await store.commit([{ ...VM1, vm_id: 'late', ip: '10.1.0.1' }]);
    assert.equal(delivered.length, kept + 1);
  });
});

async function inTime<T>(work: Promise<T>): Promise<T> {
  const started = Date.now();
  try {
    return await work;
  } finally {
    const ms = Date.now() - started;
    assert.ok(ms < PATIENCE_MS, `took ${ms} ms`);
  }
}

async function until(holds: () => boolean, ms = 15_000): Promise<void> {
  for (const end = Date.now() + ms; !holds();) {
    assert.ok(Date.now() < end, 'waited in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
