import type { Etcd } from '../../support/etcd.ts';
import { type Server, startServer } from '../../support/server.ts';

export const NODES = 3;

export function startNodes(etcd: Etcd, prefix: string, cidr: string): Promise<Server[]> {
  return Promise.all(Array.from({ length: NODES }, (_, node) => startNode(etcd, { prefix, node, cidr })));
}

/** However the benchmark ends, no node is left behind. */
export async function startNode(
  { endpoints }: Etcd,
  { prefix, node, cidr }: { prefix: string; node: number; cidr: string },
): Promise<Server> {
  const joined = ['--etcd', endpoints.join(','), '--etcd-prefix', prefix, '--node-id', `n${node}`];
  const server = await startServer({ args: ['--network', cidr, ...joined] });
  const end = () => {
    server.child.kill('SIGKILL');
  };
  process.once('exit', end);
  server.exited.finally(() => process.off('exit', end)).catch(() => undefined);
  return server;
}

export async function stopNodes(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}
