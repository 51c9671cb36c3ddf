import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Caller } from './caller.ts';
import { Disk } from './disk.ts';
import { History } from './history.ts';
import { Load } from './load.ts';
import type { Random } from './random.ts';
import { type Context, serve } from './serving.ts';

const SOURCE = fileURLToPath(new URL('powercut.c', import.meta.url));

/** Compiles the recorder in a folder. Returns the library to preload. */
export function compileRecorder(dir: string): string {
  const library = join(dir, 'powercut.so');
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl', '-lpthread']);
  return library;
}

/**
 * Servers that run and are killed one after the other on one data folder, what the disk saw of it, and the responses to
 * clients. Both use one clock, the length of the log of powercut.c, so that responses and writes are ordered.
 */
export class Recording {
  readonly data: string;
  readonly history: History;
  /** Positions in the log where responses were based on what a start had found, and nothing had been written yet. */
  readonly landmarks = new Set<number>();
  readonly #library: string;
  readonly #log: string;
  /** The position of the begin of the log on the clock: the sum of the lengths of all earlier logs. */
  #epoch = 0;
  #durable: (readonly [name: string, inode: number, bytes: Buffer])[] = [];

  constructor(root: string, library: string) {
    mkdirSync(join(root, 'data'), { mode: 0o700 });
    this.data = realpathSync(join(root, 'data')); // the path that the kernel reports
    this.#log = join(root, 'powercut.log');
    this.#library = library;
    this.history = new History(() => this.#epoch + (existsSync(this.#log) ? statSync(this.#log).size : 0));
  }

  /** The disk at the begin of the log. */
  disk(): Disk {
    return new Disk(readFileSync(this.#log), this.#durable);
  }

  /** What is wrong with the allocations of a server after a cut at this position of the disk. */
  judge(held: Iterable<readonly [vm: string, ip: string]>, disk: Disk): string[] {
    return this.history.judge(held, this.#epoch + disk.position);
  }

  /** Serves under load until the recorder kills it just before an fdatasync. Returns what was wrong when it started. */
  async live(
    context: Context,
    random: Random,
    { args, syncs, lie }: { args: string[]; syncs: number; lie?: 'data' | 'folder' },
  ): Promise<string[]> {
    const server = await serve(context, {
      data: this.data,
      args,
      env: {
        LD_PRELOAD: this.#library,
        UV_USE_IO_URING: '0', // a preloaded library cannot see calls through a ring
        POWERCUT_DIR: this.data,
        POWERCUT_LOG: this.#log,
        POWERCUT_KILL: String(syncs),
        ...(lie === undefined ? {} : { POWERCUT_LIE: lie }),
      },
    });
    const caller = new Caller(server.url);
    const found = await caller.held();
    const wrong = this.history.judge(found);
    for (const [vm] of found) {
      // A response that needs no write: it relies on what the previous server may have left unsynced.
      if (this.history.expected(vm).kind === 'maybe')
        await this.history.note(vm, 'allocate', () => caller.allocate(vm));
    }
    caller.close();
    this.landmarks.add(statSync(this.#log).size);
    const load = new Load(server.url, this.history, random, { clients: 8, vmsEach: 10 });
    const { signal } = await server.exited;
    await load.lost();
    if (signal !== 'SIGKILL') throw new Error(`the recorder should have killed the server: ${server.stderr()}`);
    return wrong;
  }

  /** Whether the replayed disk has the content of the folder, which proves that the recorder missed nothing. */
  matches(files: ReadonlyMap<string, Buffer>): boolean {
    // The bytes of copies of torn tails are not recorded (the kernel copies them), and nothing ever reads them.
    const matter = (name: string) => !name.includes('.torn-');
    const names = readdirSync(this.data).filter(matter);
    return (
      names.length === [...files.keys()].filter(matter).length &&
      names.every((name) => files.get(name)?.equals(readFileSync(join(this.data, name))) === true)
    );
  }

  /** Replaces the folder by what a power cut at the end of the log left. A new log begins. */
  restart(files: ReadonlyMap<string, Buffer>): void {
    this.#epoch += statSync(this.#log).size + 1; // nothing that was in flight at the cut ends after it
    this.landmarks.clear();
    rmSync(this.#log);
    fill(this.data, files);
    this.#durable = [...files].map(([name, bytes]) => [name, statSync(join(this.data, name)).ino, bytes]);
  }
}

/** Makes a folder contain exactly these files. */
export function fill(dir: string, files: ReadonlyMap<string, Buffer>): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { mode: 0o700 });
  for (const [name, bytes] of files) writeFileSync(join(dir, name), bytes, { mode: 0o600 });
}
