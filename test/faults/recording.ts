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

/** Compiles the recorder into a folder. Returns the library to preload. */
export function compileRecorder(dir: string): string {
  const library = join(dir, 'powercut.so');
  execFileSync('gcc', ['-O1', '-Wall', '-Werror', '-shared', '-fPIC', '-o', library, SOURCE, '-ldl', '-lpthread']);
  return library;
}

/**
 * Servers that one after the other live and die on one data folder, what the disk saw of it, and what clients were told.
 * Both have one clock: how much of the log of powercut.c there was, so that every answer has its place among the writes.
 */
export class Recording {
  readonly data: string;
  readonly history: History;
  /** Places in the log where answers had been given from what a start had found, and nothing had been written yet. */
  readonly landmarks = new Set<number>();
  readonly #library: string;
  readonly #log: string;
  /** Where the log begins on the clock: the sum of all logs before. */
  #epoch = 0;
  #durable: (readonly [name: string, inode: number, bytes: Buffer])[] = [];

  constructor(root: string, library: string) {
    mkdirSync(join(root, 'data'), { mode: 0o700 });
    this.data = realpathSync(join(root, 'data')); // as the kernel will call it
    this.#log = join(root, 'powercut.log');
    this.#library = library;
    this.history = new History(() => this.#epoch + (existsSync(this.#log) ? statSync(this.#log).size : 0));
  }

  /** The disk at the begin of the log. */
  disk(): Disk {
    return new Disk(readFileSync(this.#log), this.#durable);
  }

  /** What was wrong with the addresses that a server held after a cut at this position of the disk. */
  judge(held: Iterable<readonly [vm: string, ip: string]>, disk: Disk): string[] {
    return this.history.judge(held, this.#epoch + disk.position);
  }

  /** Serves under load until the recorder kills it on its way into an fdatasync. Returns what was wrong when it started. */
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
        UV_USE_IO_URING: '0', // what goes through a ring, no preloaded library sees
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
      // An answer that needs no write: it promises what the server before this one may have left unsynced.
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

  /** Whether the disk, played to its end, holds what the folder holds: that the recorder missed nothing. */
  matches(files: ReadonlyMap<string, Buffer>): boolean {
    // How copies of torn ends were filled is not recorded (the kernel copies them), and nothing is ever read from them.
    const matter = (name: string) => !name.includes('.torn-');
    const names = readdirSync(this.data).filter(matter);
    return (
      names.length === [...files.keys()].filter(matter).length &&
      names.every((name) => files.get(name)?.equals(readFileSync(join(this.data, name))) === true)
    );
  }

  /** Leaves the folder as a power cut at the end of the log left the disk; a new log begins. */
  restart(files: ReadonlyMap<string, Buffer>): void {
    this.#epoch += statSync(this.#log).size + 1; // nothing that was under way at the cut can end after it
    this.landmarks.clear();
    rmSync(this.#log);
    fill(this.data, files);
    this.#durable = [...files].map(([name, bytes]) => [name, statSync(join(this.data, name)).ino, bytes]);
  }
}

/** Makes a folder hold these files and no others. */
export function fill(dir: string, files: ReadonlyMap<string, Buffer>): void {
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { mode: 0o700 });
  for (const [name, bytes] of files) writeFileSync(join(dir, name), bytes, { mode: 0o600 });
}
