import type { CLUSTER_OPERATIONS } from '../../api/operations/cluster.ts';
import type { Handlers } from '../endpoints.ts';
import { crc32 } from 'node:zlib';
import { type ClusterStatus } from '../../api/cluster.ts';
import { PoolError } from '../../errors.ts';
import type { Cluster, ClusterState } from '../../service/cluster.ts';
import { respondEmpty, respondJson } from '../respond.ts';
import { scopeOf } from '../scope.ts';

/** The door of a cluster: only where there is one. */
export function clusterHandlers(cluster: Cluster): Handlers<typeof CLUSTER_OPERATIONS> {
  return {
    'GET /api/v1/cluster/status': async (ctx) => {
      respondJson(ctx, 200, statusOf(await cluster.status(scopeOf(ctx))));
    },

    'POST /api/v1/cluster/nodes': async (ctx, body) => {
      const { node_id, addr } = body;
      await cluster.add(scopeOf(ctx), String(node_id), addr);
      respondEmpty(ctx);
    },

    'DELETE /api/v1/cluster/nodes/{node}': async (ctx) => {
      const { node } = ctx.params;
      if (node.length > 300)
        throw new PoolError('invalid_request', 'node is invalid: it is too long', { field: 'node' });
      await cluster.remove(scopeOf(ctx), node);
      respondEmpty(ctx);
    },
  };
}

function statusOf({ cluster, node, own, leader, members, nodes = [] }: ClusterState): ClusterStatus {
  const known = members.flatMap(({ state }) => state ?? []);
  const commit = leader?.state?.index ?? Math.max(0, ...known.map(({ index }) => index));
  const roleOf = (member: ClusterState['members'][number]) =>
    member.isLearner ? 'learner' : member === leader ? 'leader' : 'follower';
  const names = members.map(({ id, isLearner }) => `${id}${isLearner ? '?' : ''}`).sort();
  return {
    cluster_id: idOf(cluster),
    node_id: idOf(node),
    role: own ? roleOf(own) : 'client',
    has_leader: leader !== undefined,
    leader_id: leader ? idOf(leader.node) : 0,
    term: Math.max(0, ...known.map(({ term }) => term)),
    commit_index: commit,
    config_change_id: crc32(names.join()),
    nodes: members.map((member) => {
      return { node_id: idOf(member.node), raft_addr: member.address, is_leader: member === leader };
    }),
    members: members.map((member) => ({
      node_id: idOf(member.node),
      member_id: member.id,
      raft_addr: member.address,
      role: roleOf(member),
      is_leader: member === leader,
      healthy: member.state?.leader !== undefined && member.state.alarms.length === 0,
      version: member.state?.version ?? null,
      raft_index: member.state?.index ?? null,
      applied_index: member.state?.applied ?? null,
      lag: member.state ? Math.max(0, commit - member.state.applied) : null,
      db_size_bytes: member.state?.bytes ?? null,
      db_in_use_bytes: member.state?.bytesInUse ?? null,
      alarms: [...(member.state?.alarms ?? [])],
    })),
    clients: nodes.map(({ node: name, url, version, clock }) => {
      return { node_id: idOf(name), api_url: url, version, time: new Date(clock).toISOString() };
    }),
  };
}

/** go-ipam's ids are numbers. */
function idOf(name: string): number | string {
  return /^[1-9]\d{0,14}$/.test(name) ? Number(name) : name;
}
