import { isIP } from 'node:net';
import { join } from 'node:path';
import { clientAddress, parseHostPort, urlOf } from '../config/cluster-file.ts';
import type { MemberSettings } from '../config/member-settings.ts';

/** How a member begins: with those that begin with it, or as one more of those that are there. */
export interface Beginning {
  readonly state: 'new' | 'existing';
  /** URL of every member, this one too, by name. */
  readonly members: Readonly<Record<string, string>>;
}

const QUOTA_BYTES = 8 * 1024 * 1024 * 1024;

/** What etcd is started with. Its client port is for this machine, unless `client_addr` says otherwise. */
export function argumentsOf(settings: MemberSettings, { state, members }: Beginning): string[] {
  const { file, tls } = settings;
  const client = urlOf(settings, clientAddress(file));
  const peer = urlOf(settings, file.raft_addr);
  return [
    `--name=${file.node_id}`,
    `--data-dir=${folderOf(settings)}`,
    `--initial-cluster-token=ippool-${file.cluster_id}`,
    `--initial-cluster=${Object.entries(members)
      .map(([name, url]) => `${name}=${url}`)
      .join(',')}`,
    `--initial-cluster-state=${state}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--listen-peer-urls=${urlOf(settings, bound(file.raft_addr))}`,
    `--advertise-client-urls=${client}`,
    `--listen-client-urls=${urlOf(settings, bound(clientAddress(file)))}`,
    '--auto-compaction-mode=periodic',
    '--auto-compaction-retention=1h',
    `--quota-backend-bytes=${QUOTA_BYTES}`,
    '--logger=zap',
    '--log-level=warn',
    '--log-outputs=stderr',
    ...(tls ? [...secured('', tls), ...secured('peer-', tls)] : []),
  ];
}

/** Where its data are. */
export function folderOf({ file }: MemberSettings): string {
  return join(file.data_dir, 'etcd');
}

/** Whoever has no certificate of that authority is refused, a client as well as a member. */
function secured(prefix: '' | 'peer-', { ca, cert, key }: NonNullable<MemberSettings['tls']>): string[] {
  return [
    `--${prefix}cert-file=${cert}`,
    `--${prefix}key-file=${key}`,
    `--${prefix}trusted-ca-file=${ca}`,
    `--${prefix}client-cert-auth`,
  ];
}

/** etcd listens at an address, or at `localhost`; a name stands for all addresses of this machine. */
function bound(address: string): string {
  const { host = '', port = 0 } = parseHostPort(address) ?? {};
  return isIP(host) !== 0 || host === 'localhost' ? address : `0.0.0.0:${port}`;
}
