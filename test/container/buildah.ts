import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const COMMAND_MS = 240_000;

/** The part of a container image that a runtime reads. */
export interface ImageConfig {
  readonly User?: string;
  readonly WorkingDir?: string;
  readonly Env?: readonly string[];
  readonly Entrypoint?: readonly string[];
  readonly Cmd?: readonly string[] | null;
  readonly Volumes?: Readonly<Record<string, unknown>>;
  readonly ExposedPorts?: Readonly<Record<string, unknown>>;
  readonly StopSignal?: string;
  /** Times in nanoseconds. */
  readonly Healthcheck?: { readonly Test: readonly string[]; readonly Interval: number; readonly Timeout: number };
}

export interface Buildah {
  /** An empty folder of this instance. */
  readonly folder: string;
  /** Runs a command and returns what it printed. Rejects with all of its output. */
  run(...args: readonly string[]): Promise<string>;
  config(image: string): Promise<ImageConfig>;
  /** Root folder of a container made from an image. */
  unpack(image: string): Promise<string>;
  /** Leaves nothing behind. */
  remove(): Promise<void>;
}

/** Buildah with storage of its own in a temporary folder, so that images of this host are neither used nor touched. */
export async function createBuildah(): Promise<Buildah> {
  const folder = await mkdtemp(join(tmpdir(), 'ippool-image-'));
  const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
  const run = (...args: readonly string[]) => collect('buildah', [...storage, ...args]);
  return {
    folder,
    run,
    config: async (image) => {
      const { Docker } = JSON.parse(await run('inspect', '--type', 'image', image)) as {
        Docker: { config: ImageConfig };
      };
      return Docker.config;
    },
    unpack: async (image) => (await run('mount', (await run('from', '--pull-never', image)).trim())).trim(),
    remove: async () => {
      try {
        await run('rm', '--all');
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function collect(command: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: COMMAND_MS });
    const output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'] as const) {
      child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
    }
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(output.stdout);
      else reject(new Error(`${command} ended with ${code ?? signal ?? ''}: ${output.stdout}${output.stderr}`));
    });
  });
}
