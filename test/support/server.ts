import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
/** A start takes about 0.3 s; this is for a machine that does much else. */
const START_MS = 30_000;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface ServerOptions {
  /** Behind `--port 0`. */
  readonly args?: readonly string[];
  /** Beside PATH; nothing else of the surroundings reaches the server. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What to run with the arguments; the compiled server by default. */
  readonly command?: readonly [string, ...string[]];
}

export interface Server {
  readonly url: string;
  readonly pid: number;
  readonly child: ChildProcessWithoutNullStreams;
  stdout(): string;
  stderr(): string;
  /** Resolves when the process has ended, however it does. */
  readonly exited: Promise<Exit>;
  /** SIGTERM, then waits for the end. */
  stop(): Promise<Exit>;
  /** Sends a signal, then waits for the end. */
  kill(signal: NodeJS.Signals): Promise<Exit>;
}

/** The real server as a process of its own, ready to take requests. Rejects with exit code and stderr when it ends first. */
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
      reject(new Error(`the server ended with ${code ?? signal ?? ''}: ${output.stderr}`));
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
