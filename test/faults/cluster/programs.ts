import { fileURLToPath } from 'node:url';
import { MAIN } from '../../support/server.ts';
import type { NodeProgram } from './node.ts';

const PLAIN = fileURLToPath(new URL('plain/main.ts', import.meta.url));
const NETWORK = '10.9.0.0/25'; // a number; on no interface
/** Hosts of the network, without its gateway. */
export const CAPACITY = 125;

type Program = (endpoints: readonly string[], name: string) => NodeProgram;

const plain =
  (manner: string): Program =>
  (endpoints) => ({
    words: [process.execPath, '--import', 'tsx', PLAIN],
    args: ['--etcd', endpoints.join(','), '--network', NETWORK, '--manner', manner],
  });

/** What can run as a node. */
export const PROGRAMS = {
  ippool: (endpoints, name) => ({
    words: [process.execPath, MAIN, 'serve'],
    args: ['--etcd', endpoints.join(','), '--network', NETWORK, '--node-id', name],
  }),
  /** As simple as it gets, to try the suite itself on. */
  plain: plain('compare'),
  /** Wrong on purpose: the checker has to find it, the second one under the fault of the late attempt. */
  'read-then-put': plain('read, then put'),
  'send-again': plain('send again'),
} as const satisfies Record<string, Program>;
