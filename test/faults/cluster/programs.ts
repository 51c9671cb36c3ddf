import { MAIN } from '../../support/server.ts';
import type { NodeProgram } from './node.ts';
import { buildPlain } from './plain/build.ts';

const NETWORK = '10.9.0.0/25'; // only a number; not on any interface
/** The number of hosts in the network without its gateway. */
export const CAPACITY = 125;

type Program = (endpoints: readonly string[], name: string) => NodeProgram;

function plain(manner: string): Program {
  let built: string | undefined;
  return (endpoints) => ({
    words: [process.execPath, (built ??= buildPlain())],
    args: ['--etcd', endpoints.join(','), '--network', NETWORK, '--manner', manner],
  });
}

/** The programs that can run as a node. */
export const PROGRAMS = {
  ippool: (endpoints, name) => ({
    words: [process.execPath, MAIN, 'serve'],
    args: ['--etcd', endpoints.join(','), '--network', NETWORK, '--node-id', name],
  }),
  /** The simplest one, to test the suite itself. */
  plain: plain('compare'),
  /** Deliberately wrong. The checker must find both; the second one fails under the fault "late attempt". */
  'read-then-put': plain('read, then put'),
  'send-again': plain('send again'),
} as const satisfies Record<string, Program>;
