import type { Static } from 'typebox';
import * as Type from 'typebox';

// Who keeps the data of a cluster: the fields of go-ipam, of its code and of its documents, and more.

const NODE_RULE = 'the id of a node: a number from 1, or 1 to 64 letters, digits, - and .';
export const NodeId = Type.Union(
  [Type.Integer({ minimum: 1, maximum: Number.MAX_SAFE_INTEGER }), Type.String({ pattern: '^[\\w.-]{1,64}$' })],
  { description: NODE_RULE, examples: [4] },
);

/** From 1 to 65535: etcd would take in a member that nobody can ever reach. */
const PORT = '(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])';
const AddressText = Type.String({
  pattern: `^(?:[\\w.-]{1,253}|\\[[0-9A-Fa-f:.]{2,45}\\]):${PORT}$`,
  description: 'host:port where the other members reach it, such as node4.example.com:5004',
  examples: ['node4.example.com:5004'],
});

export const NodeRequest = Type.Object(
  { node_id: NodeId, addr: AddressText },
  { description: 'a JSON object such as {"node_id":4,"addr":"node4.example.com:5004"}' },
);
export type NodeRequest = Static<typeof NodeRequest>;

const NodeName = Type.Union([Type.Integer(), Type.String()]);
const Unknown = { description: 'null: it is not known' } as const;
const Count = Type.Union([Type.Integer(), Type.Null()], Unknown);

const ClusterMember = Type.Object({
  node_id: NodeName,
  member_id: Type.String({ description: 'its id in etcd' }),
  raft_addr: Type.String(),
  role: Type.Union([Type.Literal('leader'), Type.Literal('follower'), Type.Literal('learner')]),
  is_leader: Type.Boolean(),
  healthy: Type.Boolean({ description: 'it answers and knows a leader, and has no alarm' }),
  version: Type.Union([Type.String(), Type.Null()], Unknown),
  raft_index: Count,
  applied_index: Count,
  lag: Type.Union([Type.Integer(), Type.Null()], { description: 'entries that it has to catch up; null: not known' }),
  db_size_bytes: Count,
  db_in_use_bytes: Count,
  alarms: Type.Array(Type.String(), { description: 'such as NOSPACE' }),
});

const ClusterClient = Type.Object({
  node_id: NodeName,
  api_url: Type.String(),
  version: Type.String(),
  time: Type.String({ format: 'date-time', description: 'what its clock said, some seconds ago' }),
});

export const ClusterStatus = Type.Object({
  cluster_id: NodeName,
  node_id: NodeName,
  role: Type.Union([
    Type.Literal('leader'),
    Type.Literal('follower'),
    Type.Literal('learner'),
    Type.Literal('client', { description: 'this node brings no member along' }),
  ]),
  has_leader: Type.Boolean(),
  leader_id: Type.Union([Type.Integer(), Type.String()], { description: '0: none is known' }),
  term: Type.Integer(),
  commit_index: Type.Integer(),
  config_change_id: Type.Integer({ description: 'another one whenever the members are others' }),
  nodes: Type.Array(Type.Object({ node_id: NodeName, raft_addr: Type.String(), is_leader: Type.Boolean() })),
  members: Type.Array(ClusterMember),
  clients: Type.Array(ClusterClient, { description: 'the processes of ippool that are alive' }),
});
export type ClusterStatus = Static<typeof ClusterStatus>;
