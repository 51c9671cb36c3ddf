import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** Generous, for a busy machine: a start usually takes well under a second. */
const START_MS = 30_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerOptions {
  /** Appended to `--port 0`. */
  readonly args?: readonly string[];
  /** In addition to PATH; nothing else is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** The program to run with the arguments; the compiled server by default. */
  readonly command?: readonly [string, ...string[]];
}

export interface Server {
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  /** Resolves when the process has exited, for any reason. */
  readonly exited: Promise<Exit>;
  /** Sends SIGTERM and waits for the exit. */
  stop(): Promise<Exit>;
  /** Sends a signal and waits for the exit. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

/** Starts the real server as a process and waits until it is ready. Rejects with its stderr if it exits first. */
export async function startServer(options: ServerOptions = {}): Promise<Server> {
  const { args = [], env = {}, cwd, command = [process.execPath, MAIN] } = options;
  const [program, ...first] = command;
  const child = spawn(program, [...first, '--port', '0', ...args], {
    env: { PATH: process.env.PATH ?? '', ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  }
  const exited = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal }));
  });
  const kill = (signal: NodeJS.Signals) => {
    child.kill(signal);
    return exited;
  };
  const url = await new Promise<string>((resolve, reject) => {
    const late = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`the server was not ready after ${START_MS} ms: ${output.stdout}${output.stderr}`));
    }, START_MS);
    child.stdout.on('data', () => {
      const found = readyUrl(output.stdout);
      if (found === undefined) return;
      clearTimeout(late);
      resolve(found);
    });
    exited.then(({ code, signal }) => {
      clearTimeout(late);
      reject(new Error(`the server exited with ${code ?? signal ?? ''}: ${output.stderr}`));
    }, reject);
  });
  return {
    url,
    pid: child.pid ?? 0,
    child,
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    exited,
    stop: () => kill('SIGTERM'),
    kill,
  };
}

function readyUrl(log: string): string | undefined {
  for (const line of log.split('\n')) {
    if (!line.includes('"ready on ') || !line.endsWith('}')) continue;
    return (JSON.parse(line) as { url: string }).url;
  }
  return undefined;
}
