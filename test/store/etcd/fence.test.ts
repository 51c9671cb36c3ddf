import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { EtcdError } from '../../../src/store/etcd/failure.ts';
import { Fence, FenceLost } from '../../../src/store/etcd/fence.ts';
import { Image } from '../../../src/store/etcd/image.ts';
import type { TxnRequest, TxnResponse } from '../../../src/store/etcd/messages.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { added } from './events.ts';
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

  function forgetful(t: TestContext): Forgetful {
    const client = new Forgetful({ endpoints: site.etcd.endpoints, now: () => Date.now() });
    t.after(() => client.close());
    return client;
  }

  it('is a fence that knows its own word, and no other', async (t) => {
    const client = forgetful(t);
    const prefix = site.prefix();
    let words = 0;
    const fence = () => new Fence(client, `${prefix}fence`, `${prefix}moving`, () => `word ${++words}`);
    const [first, second] = [fence(), fence()];
    client.forgets = true;
    await assert.rejects(first.take(), EtcdError);
    await first.take();
    await second.take();
    await assert.rejects(first.raised(first.raise()), FenceLost);
  });

  it('is a fence whose first attempt arrives between the two steps of the next', async (t) => {
    const client = forgetful(t);
    const prefix = site.prefix();
    const fence = new Fence(client, `${prefix}fence`, `${prefix}moving`, () => 'word');
    const range = client.range.bind(client);
    client.range = async (request) => {
      const answer = await range(request);
      await client.put({ key: Buffer.from(`${prefix}fence`), value: Buffer.from('word') });
      return answer;
    };
    await fence.take();
    assert.equal(fence.boot, 'word');
  });

  it('is the end of a migration', async (t) => {
    const client = forgetful(t);
    const image = new Image(client, site.prefix(), 'word');
    await image.begin();
    await image.write([added('default', '10.0.0.0/24')]);
    client.forgets = true;
    await image.finish();
    await assert.rejects(new Image(client, image.prefix, 'other').finish(), { code: 'conflict' });
  });
});
