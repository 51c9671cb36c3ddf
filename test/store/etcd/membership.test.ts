import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Keys } from '../../../src/store/etcd/keys.ts';
import { EtcdMembership } from '../../../src/store/etcd/membership.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { Site } from './site.ts';

// About 1 s.
describe('EtcdMembership', { skip: missingEtcd() }, () => {
  it('passes over what no node has told of itself', async (t) => {
    const site = await Site.start();
    t.after(() => site.stop());
    const keys = new Keys(site.prefix());
    const client = site.client(t);
    const membership = new EtcdMembership({ client, keys, tls: undefined, now: () => Date.now() });
    t.after(() => membership.close());
    const told = { url: 'http://a', version: '1', clock: 7 };
    const values = ['{broken', 'null', '{}', '{"clock":"x"}', '{"clock":1e300}', JSON.stringify(told)];
    for (const [n, value] of values.entries()) {
      await client.put({ key: Buffer.from(keys.node(`n${n}`)), value: Buffer.from(value) });
    }
    assert.deepEqual(await membership.nodes(), [{ node: 'n5', ...told }]);
  });

  it('calls a member that has not started what it was called last, not what etcd refused before', async (t) => {
    const site = await Site.start();
    t.after(() => site.stop());
    const keys = new Keys(site.prefix());
    const client = site.client(t);
    const membership = new EtcdMembership({ client, keys, tls: undefined, now: () => Date.now() });
    t.after(() => membership.close());
    await membership.add('6', '127.0.0.1:7006');
    await assert.rejects(membership.add('7', '127.0.0.1:7007'), { code: 'quorum_at_risk' }); // one learner at a time
    const learner = async () => (await membership.cluster()).members.find(({ isLearner }) => isLearner);
    const first = await learner();
    assert.equal(first?.node, '6');
    await membership.remove(first.id, '6');
    await membership.add('5', '127.0.0.1:7007');
    assert.equal((await learner())?.node, '5');
  });
});
