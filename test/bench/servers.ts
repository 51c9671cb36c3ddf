import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

export type Kind = 'raw' | 'ippool' | 'koa' | 'lines';

export interface BenchServer {
  readonly pid: number;
  readonly url: string;
  /** Milliseconds from spawn to the line that says "ready". */
  readonly startMs: number;
  stop(): Promise<void>;
}

interface OwnServer extends BenchServer {
  /** How long its event loop was held at most since this was asked last, in milliseconds; of one that is watched. */
  longestHold(): Promise<number>;
}

interface StartOptions {
  readonly args?: readonly string[];
  readonly pin: boolean;
  readonly data?: string;
  readonly watched?: boolean;
}

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const SCRIPTS: Readonly<Record<Kind, string>> = {
  raw: path('http/raw.mjs'),
  koa: path('restart/koa.mjs'),
  lines: path('restart/lines.mjs'),
  ippool: path('../../dist/main.js'),
};
const HOLDS = path('restart/holds.mjs');
const SERVER_CORE = '0';
const LOAD_CORE = '1';

/** The processes and the temporary folder of one suite, so that nothing is left behind however it ends. */
export class Servers {
  /** Holds the data folders; on the disk that is measured. */
  readonly folder: string;
  /** Whether servers run on one core and the load on another, so that neither takes time from the other. */
  readonly pinned: boolean;
  readonly #children = new Set<ChildProcess>();
  readonly #close = () => this.close();

  constructor(parent: string) {
    this.folder = mkdtempSync(join(parent, 'ippool-bench-'));
    this.pinned = canPin();
    process.once('exit', this.#close);
  }

  /**
   * Starts a server on a free port of 127.0.0.1.
   *
   * @param args for ippool
   * @param watched whether it tells {@link OwnServer.longestHold}
   * @param data the folder of ippool or of its lines, deleted when it stops; an empty one by default
   */
  async start(
    kind: Kind,
    { args = [], pin, data = this.makeFolder(), watched = false }: StartOptions,
  ): Promise<OwnServer> {
    const own = {
      ippool: ['--port', '0', '--host', '127.0.0.1', '--data', data, ...args],
      lines: [data],
      raw: [],
      koa: [],
    }[kind];
    const began = performance.now();
    const watch = watched ? ['--import', HOLDS] : [];
    const child = this.#spawn([...watch, SCRIPTS[kind], ...own], pin ? SERVER_CORE : undefined, [
      ...(['ignore', 'pipe', 'inherit'] as const),
      ...(watched ? (['ipc'] as const) : []),
    ]);
    const url = await ready(child, kind);
    const startMs = performance.now() - began;
    child.stdout?.resume(); // a full pipe would stop the server
    const stop = async () => {
      await end(child);
      rmSync(data, { recursive: true, force: true });
    };
    const longestHold = async () => {
      const answer = once(child, 'message');
      child.send('hold');
      const [milliseconds] = (await answer) as [number];
      return milliseconds;
    };
    return { pid: child.pid ?? 0, url, startMs, longestHold, stop };
  }

  /** An empty folder on the disk that is measured. */
  makeFolder(): string {
    return mkdtempSync(join(this.folder, 'data-'));
  }

  /** Starts the load generator, a process of its own, with a channel for messages. */
  startLoad(): ChildProcess {
    const args = ['--import', 'tsx', path('load.ts')];
    return this.#spawn(args, LOAD_CORE, ['ignore', 'inherit', 'inherit', 'ipc']);
  }

  /** Ends at once whatever still runs, and removes the folder. Synchronous: also for `exit`. */
  close(): void {
    process.off('exit', this.#close);
    for (const child of this.#children) child.kill('SIGKILL');
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  #spawn(args: string[], core: string | undefined, stdio: ('ignore' | 'pipe' | 'inherit' | 'ipc')[]): ChildProcess {
    // taskset replaces itself by the program, so the pid is the server's.
    const child =
      core !== undefined && this.pinned
        ? spawn('taskset', ['-c', core, process.execPath, ...args], { stdio, env: cleanEnvironment() })
        : spawn(process.execPath, args, { stdio, env: cleanEnvironment() });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }
}

function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync('taskset', ['-c', `${SERVER_CORE},${LOAD_CORE}`, 'true']).status === 0;
}

/** Settings of ippool in the environment would be measured too. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('IPPOOL_')));
}

async function ready(child: ChildProcess, kind: Kind): Promise<string> {
  if (!child.stdout) throw new Error(`${kind} was started without a pipe`);
  for await (const line of createInterface({ input: child.stdout })) {
    const { msg, url } = JSON.parse(line) as { msg: string; url: string };
    if (!msg.startsWith('ready on')) continue;
    return url;
  }
  throw new Error(`${kind} ended before it was ready`);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGTERM');
  await exit;
}
