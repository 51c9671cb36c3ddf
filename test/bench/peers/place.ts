import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface Ways {
  /** Words before the program: they must end by executing it in the same process. */
  readonly under?: readonly string[];
  /** A user who may do nothing, for programs that refuse root. */
  readonly as?: { readonly uid: number; readonly gid: number } | undefined;
  readonly env?: NodeJS.ProcessEnv;
  /** Exit codes of a program that did what it was asked; 0 by default. */
  readonly codes?: readonly number[];
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Programs may be asked for less than this; a hanging one ends. */
const RUN_MS = 120_000;

/** The processes of one benchmark and the folder of all they write, gone with this process, however it ends. */
export class Place {
  readonly folder: string;
  readonly #children = new Set<ChildProcess>();
  /** Deletes the folder after a SIGKILL of this process too: its standard input ends then. */
  readonly #caretaker: ChildProcess;

  constructor(parent: string) {
    this.folder = mkdtempSync(join(parent, 'ippool-peers-'));
    chmodSync(this.folder, 0o711); // another user's folder may be in it
    this.#caretaker = spawn('sh', ['-c', 'cat; sleep 1; rm -rf "$0"', this.folder], {
      detached: true,
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.#caretaker.unref();
    (this.#caretaker.stdin as unknown as { unref(): void }).unref();
  }

  /** Starts a program with no input, its output piped. */
  spawn(command: readonly string[], { under = [], as, env = {} }: Ways = {}): ChildProcess {
    const [program, ...words] = [...under, ...endsWithParent(as), ...command] as [string, ...string[]];
    const child = spawn(program, words, {
      cwd: this.folder,
      env: { ...clean(), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    child.once('error', () => this.#children.delete(child));
    return child;
  }

  /** Runs a program to its end. @throws Error with what it said, when its exit code is another than expected */
  async run(command: readonly string[], ways: Ways = {}): Promise<Output> {
    const child = this.spawn(command, ways);
    const output = collected(child);
    const late = setTimeout(() => child.kill('SIGKILL'), RUN_MS);
    try {
      const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
      if (code === null || !(ways.codes ?? [0]).includes(code)) {
        throw new Error(
          `${command[0] ?? ''} ended with ${code ?? signal ?? ''}: ${output.stderr}${output.stdout}`.trim(),
        );
      }
    } finally {
      clearTimeout(late);
    }
    return output;
  }

  /** Ends at once whatever still runs, and removes the folder. Synchronous: also for `exit`. */
  close(): void {
    const isQuiet = this.#children.size === 0;
    for (const child of this.#children) child.kill('SIGKILL');
    try {
      rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
      if (isQuiet) this.#caretaker.kill();
    } catch {
      // Who was killed just now may still write: the caretaker comes a second later.
    }
  }
}

/** What a program has said until now; also of one that goes on. */
export function collected(child: ChildProcess): { stdout: string; stderr: string } {
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]
      ?.setEncoding('utf8')
      .on('data', (text: string) => (output[stream] = (output[stream] + text).slice(-100_000)));
  }
  return output;
}

/** Sends a signal and waits for the end, which comes by force after 10 s. */
export async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill(signal);
  const late = setTimeout(() => child.kill('SIGKILL'), 10_000);
  await exit;
  clearTimeout(late);
}

/** Words before a program, that give it namespaces of its own: they end with its last process. */
export function unshared(namespace: 'net' | 'ipc'): string[] {
  return ['unshare', ...(isRoot() ? [] : ['--map-root-user']), `--${namespace}`];
}

/** Words before a program that is to run in the network namespace of another process. */
export function within(pid: number): string[] {
  return ['nsenter', '--target', String(pid), '--net', ...(isRoot() ? [] : ['--user', '--preserve-credentials'])];
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** Words before a program that is killed when this process ends. */
export function endsWithParent(as?: Ways['as']): [string, ...string[]] {
  const user = as ? ['--reuid', String(as.uid), '--regid', String(as.gid), '--clear-groups'] : [];
  return ['setpriv', ...user, '--pdeathsig', 'KILL'];
}

/** Settings in the environment would be measured too. */
function clean(): NodeJS.ProcessEnv {
  return { PATH: process.env.PATH ?? '', LC_ALL: 'C', TZ: 'UTC' };
}
