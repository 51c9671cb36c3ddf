import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { Keys } from '../../../src/store/etcd/keys.ts';
import { EtcdMembership } from '../../../src/store/etcd/membership.ts';
import { at } from '../../../src/store/etcd/operation.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { Site } from './site.ts';

/** The members as a node of an unused prefix sees them. */
function place(t: TestContext, site: Site) {
  const client = site.client(t);
  const keys = new Keys(site.prefix());
  const membership = new EtcdMembership({ client, keys, tls: undefined, now: () => Date.now() });
  t.after(() => membership.close());
  const has = async (key: string) => (await client.range(at(key))).kvs.length === 1;
  const write = (key: string) => client.put({ ...at(key), value: 'x' });
  return { client, keys, membership, has, write };
}

// About 1 s.
describe('EtcdMembership', { skip: missingEtcd() }, () => {
  it('passes over what no node has told of itself', async (t) => {
    const site = await Site.start();
    t.after(() => site.stop());
    const { keys, client, membership } = place(t, site);
    const told = { url: 'http://a', version: '1', clock: 7 };
    const values = ['{broken', 'null', '{}', '{"clock":"x"}', '{"clock":1e300}', JSON.stringify(told)];
    for (const [n, value] of values.entries()) {
      await client.put({ key: keys.node(`n${n}`), value });
    }
    assert.deepEqual(await membership.nodes(), [{ node: 'n5', ...told }]);
  });

  it('calls a member that has not started what it was called last, not what etcd refused before', async (t) => {
    const site = await Site.start();
    t.after(() => site.stop());
    const { membership } = place(t, site);
    await membership.add('6', '127.0.0.1:7006');
    await assert.rejects(membership.add('7', '127.0.0.1:7007'), { code: 'quorum_at_risk' }); // one learner at a time
    const learner = async () => (await membership.cluster()).members.find(({ isLearner }) => isLearner);
    const first = await learner();
    assert.equal(first?.node, '6');
    await membership.remove(first.id);
    await membership.fenceOff('6');
    await membership.add('5', '127.0.0.1:7007');
    assert.equal((await learner())?.node, '5');
  });
});

describe('the members of an etcd', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  it('stay as they are, and may write, when etcd does not let one go', async (t) => {
    const { membership, keys, write, has } = place(t, site);
    await write(keys.fence('m1'));
    const { members } = await membership.cluster();
    await assert.rejects(membership.remove(members[0]!.id), { code: 'quorum_at_risk' });
    assert.ok(await has(keys.fence('m1')));
    assert.equal((await membership.cluster()).members.length, 1);
  });

  it('are rid of one whose removal is repeated, or got no answer', async (t) => {
    const { membership, keys, has, client } = place(t, site);
    await membership.add('n2', '127.0.0.1:1');
    const { members } = await membership.cluster();
    const { id } = members.find(({ node }) => node === 'n2') ?? assert.fail();
    await client.removeMember(BigInt(`0x${id}`).toString()); // the attempt that nobody heard of
    await membership.remove(id);
    assert.equal((await membership.cluster()).members.length, 1);
    assert.ok(await has(keys.place('n2')), 'for the second half');
    assert.equal(await membership.fenceOff('n2'), true, 'a node that never wrote is known by its place');
    assert.equal(await membership.fenceOff('n2'), false);
  });

  it('forget all of a node that is fenced off', async (t) => {
    const { membership, keys, write, has } = place(t, site);
    const all = [keys.fence('n3'), keys.node('n3'), keys.place('n3')];
    for (const key of all) {
      await write(key);
      assert.equal(await membership.fenceOff('n3'), true);
      assert.equal(await has(key), false);
    }
    assert.equal(await membership.fenceOff('n3'), false);
  });
});
