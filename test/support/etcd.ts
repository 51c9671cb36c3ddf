import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { EtcdMember } from './etcd-member.ts';

export interface EtcdOptions {
  /** 1 by default. */
  readonly members?: 1 | 3;
  /** Appended to the flags of every member, such as `--quota-backend-bytes=…`. */
  readonly flags?: readonly string[];
  /** The address of each member (127.0.0.1 by default) and a command prefix, such as `nsenter` with its arguments. */
  readonly places?: readonly { readonly host: string; readonly under: readonly string[] }[];
}

export interface Etcd {
  /** The URL of each member. */
  readonly endpoints: readonly string[];
  readonly members: readonly EtcdMember[];
  /** Kills every member and deletes its data. */
  stop(): Promise<void>;
}

const LOOPBACK = { host: '127.0.0.1', under: [] };

/**
 * Starts real etcd processes and resolves when they are healthy. They exit with this process, however it exits.
 *
 *     const etcd = await startEtcd({ members: 3 });
 *     context.after(() => etcd.stop());
 */
export async function startEtcd({ members: count = 1, flags = [], places = [] }: EtcdOptions = {}): Promise<Etcd> {
  const folder = mkdtempSync(join(tmpdir(), 'ippool-etcd-'));
  const ports = await freePorts(2 * count);
  const sites = Array.from({ length: count }, (_, i) => {
    const { host, under } = places[i] ?? LOOPBACK;
    return { name: `m${i + 1}`, host, under, clientPort: ports[2 * i] ?? 0, peerPort: ports[2 * i + 1] ?? 0 };
  });
  const cluster = sites.map(({ name, host, peerPort }) => `${name}=http://${host}:${peerPort}`).join(',');
  const members = sites.map((site) => new EtcdMember({ ...site, cluster, folder, flags }));
  const stop = async () => {
    await Promise.all(members.map((member) => member.kill('SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await Promise.all(members.map((member) => member.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoints: members.map(({ url }) => url), members, stop };
}

/**
 * Free ports of 127.0.0.1, below the range that the kernel uses for outgoing connections: a member that is restarted
 * must find its own port free.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.on('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
