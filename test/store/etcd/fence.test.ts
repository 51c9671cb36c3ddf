import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { EtcdError } from '../../../src/store/etcd/failure.ts';
import { Fence, FenceLost } from '../../../src/store/etcd/fence.ts';
import { Image } from '../../../src/store/etcd/image.ts';
import type { TxnRequest, TxnResponse } from '../../../src/store/etcd/messages.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { added } from './events.ts';
import { Proxy } from './proxy.ts';
import { Site } from './site.ts';

/** A real etcd whose answer to one transaction is lost. */
class Forgetful extends EtcdClient {
  forgets = false;

  override async txn(request: TxnRequest): Promise<TxnResponse> {
    const answer = await super.txn(request);
    if (!this.forgets) return answer;
    this.forgets = false;
    throw new EtcdError('DEADLINE_EXCEEDED', 'no answer', 'here');
  }
}

// About 2 s.
describe('what is tried again on etcd without an answer', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  it('is a fence that knows its own word, and no other', async (t) => {
    const proxy = await Proxy.start(t, site.etcd.endpoints[0]!);
    const client = site.client(t, [proxy.url, site.etcd.endpoints[0]!]);
    const prefix = site.prefix();
    let words = 0;
    const fence = (of = client) => new Fence(of, `${prefix}fence`, `${prefix}moving`, () => `word ${++words}`);
    const first = fence();
    const range = client.range.bind(client);
    /** Does something between the two steps of an attempt. */
    const between = (what: () => Promise<void> | void) => {
      client.range = async (request) => {
        const answer = await range(request);
        await what();
        return answer;
      };
    };
    between(() => proxy.hold());
    const attempt = first.take();
    attempt.catch(() => undefined);
    await until(() => proxy.kept > 0);
    await sleep(100); // the rest of its bytes
    proxy.seal();
    await assert.rejects(attempt, EtcdError);
    const other = site.client(t);
    between(async () => {
      proxy.release();
      await until(async () => (await other.range({ key: `${prefix}fence` })).kvs.length > 0);
    });
    await first.take();
    assert.equal(first.boot, 'word 1');
    await fence(other).take();
    await assert.rejects(first.raised(first.raise()), FenceLost);
  });

  it('is the end of a migration', async (t) => {
    const client = new Forgetful({ endpoints: site.etcd.endpoints, now: () => Date.now() });
    t.after(() => client.close());
    const image = new Image(client, site.prefix(), 'word');
    await image.begin();
    await image.write([added('default', '10.0.0.0/24')]);
    client.forgets = true;
    await image.finish();
    await assert.rejects(new Image(client, image.prefix, 'other').finish(), { code: 'conflict' });
  });
});

async function until(isMet: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 15_000; !(await isMet());) {
    assert.ok(Date.now() < end, 'waited in vain');
    await sleep(20);
  }
}
