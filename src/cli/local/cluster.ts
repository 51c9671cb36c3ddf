import {
  checked,
  type ClusterFile,
  DEFAULT_DATA_DIR,
  parseMembers,
  writeClusterFile,
} from '../../config/cluster-file.ts';
import type { Flag } from '../command.ts';
import { type Input, refused } from '../input.ts';
import type { LocalCommand } from './local.ts';

const MAX_ID = Number.MAX_SAFE_INTEGER;

const FLAGS: readonly Flag[] = [
  { name: 'node-id', kind: 'text', help: 'Number of this node, which no other has' },
  { name: 'cluster-id', kind: 'text', help: 'Number of the cluster, the same on every node  (default 1)' },
  { name: 'raft-addr', kind: 'text', help: 'host:port where the other nodes reach this one' },
  { name: 'api-addr', kind: 'text', help: 'host:port of the API (default: the settings of serve)' },
  { name: 'client-addr', kind: 'text', help: 'host:port for ippool to its etcd (default: loopback, raft port + 1000)' },
  { name: 'data-dir', kind: 'text', help: `Folder for cluster.json and the data  (default ${DEFAULT_DATA_DIR})` },
  { name: 'initial-members', kind: 'text', help: 'Every node: 1:host1:5001,2:host2:5002,3:host3:5003' },
];

export const clusterInit: LocalCommand = {
  words: 'cluster init',
  help: 'Write cluster.json for the first node of a cluster',
  flags: [...FLAGS, { name: 'single-node', kind: 'switch', help: 'A cluster of one' }],
  examples: ['cluster init --node-id 1 --cluster-id 100 --raft-addr localhost:5001 --single-node'],
  run: async (input) => {
    const values = { node_id: 1, raft_addr: 'localhost:5000', ...given(input), join: false };
    const file = checked({ ...values, enable_single_node: input.on('single-node') }, flagOf);
    const path = await writeClusterFile(file);
    print('Cluster initialized successfully:', file, path);
    process.stdout.write(`\nTo start this node, run:\n  ippool server --cluster --config ${path}\n`);
    return 0;
  },
};

export const clusterJoin: LocalCommand = {
  words: 'cluster join',
  help: 'Write cluster.json for another node of a cluster',
  flags: FLAGS,
  examples: ['cluster join --node-id 2 --raft-addr host2:5002 --initial-members 1:host1:5001,2:host2:5002'],
  run: async (input) => {
    for (const name of ['node-id', 'raft-addr', 'initial-members']) {
      if (input.text(name) === undefined) throw refused(name, 'is missing: every node has its own');
    }
    const file = checked({ ...given(input), join: true }, flagOf);
    const path = await writeClusterFile(file);
    print('Node configured to join cluster:', file, path);
    process.stdout.write(
      `\nTo start this node and join the cluster, run:\n  ippool server --cluster --config ${path}\n`,
    );
    return 0;
  },
};

/** What the flags say, by the names of the file; what they do not say is left out. */
function given(input: Input): Record<string, unknown> {
  const members = input.text('initial-members');
  const parsed = members === undefined ? undefined : parseMembers(members);
  if (members !== undefined && !parsed) {
    throw refused('initial-members', 'must be node:host:port, separated by commas, such as 1:host1:5001,2:host2:5002');
  }
  const values = {
    node_id: input.whole('node-id', 1, MAX_ID),
    cluster_id: input.whole('cluster-id', 1, MAX_ID) ?? 1,
    raft_addr: input.text('raft-addr'),
    api_addr: input.text('api-addr'),
    client_addr: input.text('client-addr'),
    data_dir: input.text('data-dir') ?? DEFAULT_DATA_DIR,
    initial_members: parsed,
  };
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}

function flagOf(field: string): string {
  return field === 'enable_single_node' ? '--single-node' : `--${field.replaceAll('_', '-')}`;
}

function print(
  title: string,
  { cluster_id, node_id, raft_addr, data_dir, initial_members }: ClusterFile,
  path: string,
) {
  const lines = [
    title,
    `  Cluster ID:  ${cluster_id}`,
    `  Node ID:     ${node_id}`,
    `  Raft Addr:   ${raft_addr}`,
    `  Data Dir:    ${data_dir}`,
    `  Config File: ${path}`,
    '  Initial Members:',
    ...Object.entries(initial_members).map(([id, address]) => `    Node ${id}: ${address}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
