import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterStatus } from '../../src/api/cluster.ts';
import { runCli } from './cli.ts';
import { etcdBinary } from './etcd-binary.ts';
import { freePorts } from './etcd.ts';
import { MAIN, type Server, startServer } from './server.ts';

/** Timeout of a condition in milliseconds. Generous, for a busy machine. */
const TIMEOUT_MS = 40_000;

/** Nodes with their own etcd, made by the commands of the guide. {@link remove} deletes all of them. */
export class OwnMembers {
  readonly folder = mkdtempSync(join(tmpdir(), 'ippool-members-'));
  /** raft_addr by node. */
  readonly addresses = new Map<number, string>();
  readonly #nodes = new Map<number, Server>();
  /** Appended to the arguments of every start. */
  readonly #args: readonly string[];

  constructor(args: readonly string[] = []) {
    this.#args = args;
  }

  static async prepare(count: number, args?: readonly string[]): Promise<OwnMembers> {
    const made = new OwnMembers(args);
    for (const port of await freePorts(count)) made.addresses.set(made.addresses.size + 1, `127.0.0.1:${port}`);
    return made;
  }

  get members(): string {
    return [...this.addresses].map(([id, address]) => `${id}:${address}`).join(',');
  }

  dataDir(id: number): string {
    return join(this.folder, `node${id}-data`);
  }

  /** `cluster init` for the first, `cluster join` for the others. */
  async configure(id: number): Promise<void> {
    const flags = ['--node-id', String(id), '--cluster-id', '100', '--raft-addr', this.addresses.get(id) ?? ''];
    const verb = id === 1 ? 'init' : 'join';
    const places = ['--data-dir', this.dataDir(id), '--initial-members', this.members];
    const { code, stderr } = await runCli(['cluster', verb, ...flags, ...places]);
    assert.equal(code, 0, stderr);
  }

  async start(id: number): Promise<Server> {
    const config = join(this.dataDir(id), 'cluster.json');
    const args = ['--cluster', '--config', config, '--etcd-binary', etcdBinary(), ...this.#args];
    const node = await startServer({ command: [process.execPath, MAIN, 'server'], args });
    this.#nodes.set(id, node);
    return node;
  }

  /** Configures and starts all nodes that have an address. */
  async startAll(): Promise<void> {
    const ids = [...this.addresses.keys()];
    for (const id of ids) await this.configure(id);
    await Promise.all(ids.map((id) => this.start(id)));
  }

  node(id: number): Server {
    const node = this.#nodes.get(id);
    assert.ok(node, `node ${id} runs`);
    return node;
  }

  async status(id: number): Promise<ClusterStatus> {
    return (await (await this.call(id, 'GET', '/cluster/status')).json()) as ClusterStatus;
  }

  call(id: number, method: string, path: string, body?: object): Promise<Response> {
    return fetch(`${this.node(id).url}/api/v1${path}`, {
      method,
      headers: { 'Content-Type': 'application/json' },
      ...(body && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
  }

  /** The pids of a node's etcd. */
  processesOf(id: number): number[] {
    return pidsWith(`--data-dir=${this.dataDir(id)}/`);
  }

  async remove(): Promise<void> {
    await Promise.all([...this.#nodes.values()].map((node) => node.kill('SIGKILL')));
    await until('no etcd of ours runs', () => pidsWith(`--data-dir=${this.folder}/`).length === 0);
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Waits for a condition. */
export async function until(what: string, isMet: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + TIMEOUT_MS;
  while (!(await isMet())) {
    if (Date.now() > end) assert.fail(`${what}: not after ${TIMEOUT_MS} ms`);
    await sleep(100);
  }
}

/** The pids of processes whose command line contains a word. */
function pidsWith(word: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name) || Number(name) === process.pid) return [];
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'latin1').includes(word) ? [Number(name)] : [];
    } catch {
      return []; // the process has exited
    }
  });
}
