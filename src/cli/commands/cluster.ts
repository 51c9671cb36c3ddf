import { existsSync } from 'node:fs';
import { Client, type ClusterStatus } from '../../client/client.ts';
import { notedApiUrl } from '../../etcd-member/api-url.ts';
import { DEFAULT_FILE, readClusterFile } from '../../config/cluster-file.ts';
import { type Command, type Context } from '../command.ts';
import { missing } from '../input.ts';

export const clusterStatus: Command = {
  words: 'cluster status',
  help: 'Show who keeps the data of a cluster, and how each is',
  flags: [{ name: 'config', short: 'c', kind: 'text', help: `The cluster.json of a node (default ${DEFAULT_FILE})` }],
  examples: ['cluster status --config node1-data/cluster.json', 'cluster status --server http://10.0.0.1:8080'],
  run: async (context) => {
    const { cluster } = await clientOf(context);
    const status = await cluster.status();
    if (context.out.isJson) await context.out.json(status);
    else await context.out.write(textOf(status));
    return 0;
  },
};

export const clusterAddNode: Command = {
  words: 'cluster add-node',
  operand: '[node] [addr]',
  help: 'Add a node to a cluster; then start it, after cluster join',
  flags: clusterStatus.flags,
  examples: ['cluster add-node 4 node4.example.com:5004'],
  run: async (context) => {
    const [node, addr] = context.input.operands;
    if (node === undefined || addr === undefined) throw missing('node and address', 'cluster add-node 4 host4:5004');
    const { cluster } = await clientOf(context);
    await cluster.add(/^\d+$/.test(node) ? Number(node) : node, addr);
    await context.out.value({ node_id: node, addr }, `Node ${node} added: it takes part when it has started`);
    return 0;
  },
};

export const clusterRemoveNode: Command = {
  words: 'cluster remove-node',
  operand: '[node]',
  help: 'Remove a node from a cluster',
  flags: clusterStatus.flags,
  examples: ['cluster remove-node 4'],
  run: async (context) => {
    const node = context.input.operand;
    if (node === undefined) throw missing('the node', 'cluster remove-node 4');
    const { cluster } = await clientOf(context);
    await cluster.remove(node);
    await context.out.value({ node_id: node }, `Node ${node} removed`);
    return 0;
  },
};

/** Without --server the node that a cluster.json belongs to is asked, wherever it answers. */
async function clientOf({ input, client }: Context): Promise<Client> {
  const isDefault = input.text('server') === undefined && input.text('db') === undefined && existsSync(DEFAULT_FILE);
  const path = input.text('config') ?? (isDefault ? DEFAULT_FILE : undefined);
  if (path === undefined) return client();
  const { data_dir, api_addr } = readClusterFile(path);
  const url = notedApiUrl(data_dir) ?? (api_addr === '' ? undefined : `http://${api_addr}`);
  return url === undefined ? client() : new Client({ server: url, actor: input.text('actor') });
}

function textOf({ cluster_id, leader_id, has_leader, config_change_id, members }: ClusterStatus): string {
  const lines = [
    'Cluster Status:',
    `  Cluster ID:        ${cluster_id}`,
    `  Leader Node:       ${leader_id}`,
    `  Has Leader:        ${String(has_leader)}`,
    `  Config Change ID:  ${config_change_id}`,
    '',
    'Cluster Nodes:',
    ...members.map(({ node_id, raft_addr, is_leader, role, healthy, lag, db_size_bytes, alarms }) => {
      const place = `  Node ${node_id}: ${raft_addr}${is_leader ? ' (LEADER)' : role === 'learner' ? ' (LEARNER)' : ''}`;
      if (lag === null) return `${place}  does not answer`;
      const health = healthy ? 'healthy' : ['unhealthy', ...alarms].join(' ');
      return `${place}  ${health}, ${lag} behind, ${((db_size_bytes ?? 0) / 1024 / 1024).toFixed(1)} MiB`;
    }),
  ];
  return `${lines.join('\n')}\n`;
}
