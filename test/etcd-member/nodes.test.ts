import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { ClusterStatus } from '../../src/api/cluster.ts';
import { freePorts } from '../support/etcd.ts';
import { missingEtcd } from '../support/etcd-binary.ts';
import { OwnMembers, until } from '../support/own-members.ts';

// About 25 s: etcd wants members to be up for 5 s before it lets others come or go.
describe('three nodes with an etcd of their own', { skip: missingEtcd() }, () => {
  let nodes: OwnMembers;
  before(async () => {
    nodes = await OwnMembers.prepare(3);
    await nodes.startAll();
  });
  after(() => nodes.remove());

  it('give addresses as one service', async () => {
    const given = await Promise.all(
      [1, 2, 3].map(async (id) => {
        const answer = await nodes.call(id, 'POST', '/ip/allocate', { vm_id: `vm-${id}` });
        assert.equal(answer.status, 201);
        return ((await answer.json()) as { ip: string }).ip;
      }),
    );
    assert.equal(new Set(given).size, 3);
    for (const id of [1, 2, 3]) {
      const held = await nodes.call(id, 'GET', '/ip/vm-2');
      assert.equal(((await held.json()) as { ip: string }).ip, given[1]);
    }
  });

  it('tell who they are, in the forms of go-ipam, the same on every node', async () => {
    await until('all are seen', async () => (await nodes.status(2)).clients.length === 3);
    const status = await nodes.status(2);
    assert.equal(status.cluster_id, 100);
    assert.equal(status.node_id, 2);
    assert.equal(status.has_leader, true);
    assert.ok([1, 2, 3].includes(Number(status.leader_id)));
    assert.equal(status.role, status.leader_id === 2 ? 'leader' : 'follower');
    assert.deepEqual(
      status.nodes,
      [...nodes.addresses]
        .map(([id, address]) => ({ node_id: id, raft_addr: address, is_leader: id === status.leader_id }))
        .sort((a, b) => order(status, a.node_id) - order(status, b.node_id)),
    );
    for (const { healthy, lag, db_size_bytes, alarms, raft_index } of status.members) {
      assert.equal(healthy, true);
      assert.ok(lag !== null && lag < 100);
      assert.ok(Number(db_size_bytes) > 0 && Number(raft_index) > 0);
      assert.deepEqual(alarms, []);
    }
    const other = await nodes.status(3);
    assert.deepEqual([other.leader_id, other.nodes], [status.leader_id, status.nodes]);
    assert.equal(other.config_change_id, status.config_change_id);
  });

  it('refuse what names no node, or one that is there', async () => {
    const refused = async (method: string, path: string, body?: object) => {
      const answer = await nodes.call(1, method, path, body);
      return [answer.status, ((await answer.json()) as { code: string }).code];
    };
    assert.deepEqual(await refused('POST', '/cluster/nodes', { node_id: 4 }), [400, 'invalid_request']);
    assert.deepEqual(await refused('POST', '/cluster/nodes', { node_id: 0, addr: 'a:1' }), [400, 'invalid_request']);
    assert.deepEqual(await refused('POST', '/cluster/nodes', { node_id: 4, addr: 'a' }), [400, 'invalid_request']);
    assert.deepEqual(await refused('POST', '/cluster/nodes', { node_id: 2, addr: 'a:1' }), [409, 'node_exists']);
    const addr = nodes.addresses.get(3);
    assert.deepEqual(await refused('POST', '/cluster/nodes', { node_id: 4, addr }), [409, 'node_exists']);
    assert.deepEqual(await refused('DELETE', '/cluster/nodes/9'), [404, 'node_not_found']);
  });

  it('take in a fourth, which learns before it decides, and let it go again', async () => {
    const [port = 0] = await freePorts(1);
    const addr = `127.0.0.1:${port}`;
    await until('etcd lets a member come', async () => {
      return (await nodes.call(1, 'POST', '/cluster/nodes', { node_id: 4, addr })).status === 204;
    });
    const added = (await nodes.status(2)).members.find(({ node_id }) => node_id === 4);
    assert.deepEqual([added?.role, added?.healthy, added?.raft_addr], ['learner', false, addr]);
    nodes.addresses.set(4, addr);
    await nodes.configure(4);
    await nodes.start(4); // resolves when it serves: it has its vote then
    assert.notEqual((await nodes.status(4)).role, 'learner');
    const held = await nodes.call(4, 'GET', '/ip/vm-2');
    assert.equal(held.status, 200);

    const ended = nodes.node(4).exited;
    await until(
      'etcd lets a member go',
      async () => (await nodes.call(1, 'DELETE', '/cluster/nodes/4')).status === 204,
    );
    assert.equal((await nodes.status(1)).nodes.length, 3);
    // It can write no more, and its etcd ends: with either it ends itself.
    assert.ok([70, 75].includes((await ended).code ?? 0));
    nodes.addresses.delete(4);
  });

  it('end their etcd when they are killed, and leave nobody behind', async () => {
    const own = nodes.processesOf(3);
    const others = [...nodes.processesOf(1), ...nodes.processesOf(2)];
    assert.ok(own.length > 0);
    await nodes.node(3).kill('SIGKILL');
    await until('the etcd of node 3 is gone', () => nodes.processesOf(3).length === 0);
    assert.deepEqual([...nodes.processesOf(1), ...nodes.processesOf(2)], others);
  });

  it('go on without one, and refuse to lose the majority', async () => {
    await until('two allocate', async () => {
      return (await nodes.call(1, 'POST', '/ip/allocate', { vm_id: 'vm-a' })).ok;
    });
    await until('the third is missed', async () => {
      return (await nodes.status(1)).members.some(({ node_id, healthy }) => node_id === 3 && !healthy);
    });
    const answer = await nodes.call(1, 'DELETE', '/cluster/nodes/2');
    assert.equal(answer.status, 409);
    assert.equal(((await answer.json()) as { code: string }).code, 'quorum_at_risk');
    assert.equal((await nodes.status(1)).nodes.length, 3);
  });

  it('come back with their data', async () => {
    await nodes.start(3);
    const held = await nodes.call(3, 'GET', '/ip/vm-a');
    assert.equal(held.status, 200);
  });

  it('end with their etcd, and say why', async () => {
    const pid = nodes.processesOf(3).find((id) => readlinkSync(`/proc/${id}/exe`).endsWith('/etcd'));
    assert.ok(pid);
    const ended = nodes.node(3).exited;
    process.kill(pid, 'SIGKILL');
    assert.equal((await ended).code, 70);
    assert.match(nodes.node(3).stderr(), /own member of etcd \(node 3\) has ended/);
  });

  it('stop in good order on SIGTERM, and so does their etcd', async () => {
    const { code } = await nodes.node(2).stop();
    assert.equal(code, 0);
    assert.deepEqual(nodes.processesOf(2), []);
  });
});

function order({ nodes }: ClusterStatus, id: number): number {
  return nodes.findIndex(({ node_id }) => node_id === id);
}
