import { PoolError } from '../errors.ts';
import { type ClusterFile, clientAddress, parseHostPort, urlOf } from './cluster-file.ts';
import type { MemberSettings } from './member-settings.ts';

/** The settings that a cluster file stands for, by name; weaker than any flag or variable. */
export function settingsOfFile({ node_id, api_addr }: ClusterFile): Readonly<Record<string, string>> {
  const api = parseHostPort(api_addr);
  return {
    'node-id': String(node_id),
    ...(api && { host: api.host, port: String(api.port), 'advertise-url': `http://${api_addr}` }),
  };
}

/** How ippool reaches the member. */
export function endpointOf(settings: MemberSettings): string {
  return urlOf(settings, clientAddress(settings.file));
}

/** Where its member is reached, by ippool and by the others: its certificate has to name them. */
export function hostsOf({ file }: MemberSettings): string[] {
  return [clientAddress(file), file.raft_addr].flatMap((address) => parseHostPort(address)?.host ?? []);
}

/**
 * A node's own member.
 *
 * @param textOf a setting as it was given
 * @throws PoolError `usage` when others contradict it
 */
export function memberOf(file: ClusterFile, textOf: (name: string) => string | undefined): MemberSettings {
  if (textOf('etcd') !== undefined) {
    throw new PoolError('usage', '--cluster brings an etcd of its own, --etcd names another: leave one away', {
      field: 'etcd',
    });
  }
  const id = textOf('node-id');
  if (id !== String(file.node_id)) {
    const rule = `is what the cluster file says, ${file.node_id}: leave it away`;
    throw new PoolError('usage', `--node-id ${JSON.stringify(id)} ${rule}`, { field: 'node-id' });
  }
  const [ca, cert, key] = [textOf('etcd-ca'), textOf('etcd-cert'), textOf('etcd-key')];
  const tls = ca !== undefined && cert !== undefined && key !== undefined ? { ca, cert, key } : undefined;
  if (!tls && (ca ?? cert ?? key) !== undefined) {
    const rule = 'belong together when the node runs its own etcd, which asks everybody for a certificate';
    throw new PoolError('usage', `--etcd-ca, --etcd-cert and --etcd-key ${rule}`, { field: 'etcd-ca' });
  }
  return { file, binary: textOf('etcd-binary') ?? 'etcd', tls };
}
