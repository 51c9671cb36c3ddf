import { MAIN } from '../../support/server.ts';
import type { NodeProgram } from './node.ts';
import { buildPlain } from './plain/build.ts';

const NETWORK = '10.9.0.0/25'; // a number; on no interface
/** Hosts of the network, without its gateway. */
export const CAPACITY = 125;

type Program = (endpoints: readonly string[], name: string) => NodeProgram;

function plain(manner: string): Program {
  let built: string | undefined;
  return (endpoints) => ({
    words: [process.execPath, (built ??= buildPlain())],
    args: ['--etcd', endpoints.join(','), '--network', NETWORK, '--manner', manner],
  });
}

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
