import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolError } from '../../src/errors.ts';
import { Cluster } from '../../src/service/cluster.ts';
import { FakeMembership, member } from '../support/fake-membership.ts';

const SCOPE = { actor: 'test', requestId: 'r' };
const DOWN = { state: undefined };

function cluster(members: FakeMembership, { ownsMembers = false } = {}): Cluster {
  return new Cluster({ membership: members, node: '1', name: undefined, ownsMembers });
}

describe('cluster.status', () => {
  it('believes the newest term about who leads', async () => {
    const old = member('1');
    const late = { ...old, state: { ...old.state!, leader: 'a3', term: 1 } };
    const found = await cluster(new FakeMembership([late, member('2'), member('3')])).status(SCOPE);
    assert.equal(found.leader?.id, 'a1');
    assert.equal(found.own?.id, 'a1');
    assert.equal(found.cluster, 'cafe');
  });

  it('knows no leader when nobody follows one', async () => {
    const lost = member('1');
    const alone = { ...lost, state: { ...lost.state!, leader: undefined } };
    assert.equal((await cluster(new FakeMembership([alone])).status(SCOPE)).leader, undefined);
  });
});

describe('cluster.remove', () => {
  const table = [
    { what: 'one of three', up: [1, 2, 3], down: [], leaving: '3', code: undefined },
    { what: 'the one of three that is down', up: [1, 2], down: [3], leaving: '3', code: undefined },
    { what: 'one of three while another is down', up: [1, 2], down: [3], leaving: '2', code: 'quorum_at_risk' },
    { what: 'one of two', up: [1, 2], down: [], leaving: '2', code: undefined },
    { what: 'the only one', up: [1], down: [], leaving: '1', code: 'quorum_at_risk' },
    { what: 'one of five while two are down', up: [1, 2, 3], down: [4, 5], leaving: '1', code: 'quorum_at_risk' },
    { what: 'one of five while one is down', up: [1, 2, 3, 4], down: [5], leaving: '1', code: undefined },
    { what: 'one that is not there', up: [1, 2, 3], down: [], leaving: '9', code: 'node_not_found' },
  ] as const;
  for (const { what, up, down, leaving, code } of table) {
    it(`${code === undefined ? 'removes' : 'refuses'} ${what}`, async () => {
      const members = new FakeMembership([
        ...up.map((id) => member(String(id))),
        ...down.map((id) => member(String(id), DOWN)),
      ]);
      const removed = cluster(members).remove(SCOPE, leaving);
      if (code === undefined) {
        await removed;
        assert.deepEqual(members.asked, [`remove a${leaving}`, `fence ${leaving}`]);
      } else {
        await assert.rejects(removed, { code });
        assert.ok(!members.asked.some((asked) => asked.startsWith('remove')));
        if (code === 'quorum_at_risk') assert.deepEqual(members.asked, []);
      }
    });
  }

  it('finds a member by its id and its address too, and fences its node off', async () => {
    for (const named of ['a3', '10.0.0.3:5001']) {
      const members = new FakeMembership([member('1'), member('2'), member('3')]);
      await cluster(members).remove(SCOPE, named);
      assert.deepEqual(members.asked, ['remove a3', 'fence 3']);
    }
  });

  it('removes a learner whoever is down: it has no vote', async () => {
    const members = new FakeMembership([member('1'), member('2', { isLearner: true, ...DOWN })]);
    await cluster(members).remove(SCOPE, '2');
    assert.deepEqual(members.asked, ['remove a2', 'fence 2']);
  });

  it('fences off a node that has no member', async () => {
    const members = new FakeMembership([member('1')]);
    members.fences.add('host-a');
    await cluster(members).remove(SCOPE, 'host-a');
    assert.deepEqual(members.asked, ['fence host-a']);
  });

  it('leaves the fence of a node alone whose member etcd does not let go', async () => {
    const members = three();
    members.remove = () => Promise.reject(new PoolError('quorum_at_risk', 'unhealthy cluster'));
    await assert.rejects(cluster(members).remove(SCOPE, '3'), { code: 'quorum_at_risk' });
    assert.deepEqual([...members.fences], ['3']);
    assert.deepEqual(members.asked, []);
  });

  it('is finished by a repeat when it broke off behind the member', async () => {
    for (const named of ['3', 'a3', '10.0.0.3:5001']) {
      const members = three();
      const fenceOff = members.fenceOff.bind(members);
      members.fenceOff = () => Promise.reject(AWAY);
      await assert.rejects(cluster(members).remove(SCOPE, named), AWAY);
      assert.deepEqual([...members.fences], ['3']);
      members.fenceOff = fenceOff;
      await cluster(members).remove(SCOPE, '3');
      assert.deepEqual([...members.fences], []);
      await assert.rejects(cluster(members).remove(SCOPE, '3'), { code: 'node_not_found' });
    }
  });

  it('is finished by a repeat when nobody knew how it ended', async () => {
    for (const hasCounted of [true, false]) {
      const members = three();
      const remove = members.remove.bind(members);
      members.remove = async (id) => {
        if (hasCounted) await remove(id);
        throw AWAY;
      };
      await assert.rejects(cluster(members).remove(SCOPE, '3'), AWAY);
      assert.deepEqual([...members.fences], ['3']);
      members.remove = remove;
      await cluster(members).remove(SCOPE, '3');
      assert.deepEqual([members.members.map(({ node }) => node), [...members.fences]], [['1', '2'], []]);
    }
  });

  const AWAY = new PoolError('store_unavailable', 'no answer');

  /** Three members that are up; the node of the third has written. */
  function three(): FakeMembership {
    const members = new FakeMembership([member('1'), member('2'), member('3')]);
    members.fences.add('3');
    return members;
  }
});

describe('cluster.add', () => {
  it('refuses a node or an address that is there', async () => {
    const members = new FakeMembership([member('1')]);
    await assert.rejects(cluster(members).add(SCOPE, '1', 'x:1'), { code: 'node_exists' });
    await assert.rejects(cluster(members).add(SCOPE, '2', '10.0.0.1:5001'), { code: 'node_exists' });
    assert.deepEqual(members.asked, []);
  });

  it('gives a learner its vote when it has caught up, and then leaves it alone', async () => {
    const members = new FakeMembership([member('1')]);
    const service = cluster(members);
    await service.tend();
    await service.add(SCOPE, '2', '10.0.0.2:5001');
    await service.tend();
    await service.tend();
    members.ready.add('a2');
    await service.tend();
    await service.tend();
    assert.deepEqual(members.asked, ['add 2 10.0.0.2:5001', 'promote a2', 'promote a2', 'promote a2']);
  });

  it('looks for learners that another node has added, where members belong to nodes', async () => {
    const members = new FakeMembership([member('1'), member('2', { isLearner: true })]);
    await cluster(members).tend();
    assert.deepEqual(members.asked, []);
    await cluster(members, { ownsMembers: true }).tend();
    assert.deepEqual(members.asked, ['promote a2']);
  });
});
