import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { mkdir } from 'node:fs/promises';
import { PoolError } from '../errors.ts';
import { argumentsOf, folderOf } from './arguments.ts';
import { beginningOf } from './bootstrap.ts';
import type { MemberSettings } from '../config/member-settings.ts';

export interface MemberOptions extends MemberSettings {
  /** Told when it has ended although nobody asked it to. */
  readonly fatal: (error: PoolError) => void;
  readonly log: (level: 'info' | 'warn', facts: object, message: string) => void;
  /** Milliseconds, never going back. */
  readonly clock: () => number;
}

/** For handing leadership over and closing the database; after it the member is killed, which loses nothing. */
const STOP_MS = 2000;
const REPEAT_MS = 10_000;
const REMEMBERED = 100;
const EXIT_NO_COMMAND: readonly number[] = [126, 127];

/**
 * What stands between us and etcd: a shell that reads a pipe of which we hold the other end. A line asks etcd to stop; the
 * end of the pipe, which comes with our own end however that comes, kills it. So kill -9 of ippool leaves nobody behind
 * who holds the data and the ports. Linux would do it by prctl(PR_SET_PDEATHSIG), which Node cannot call and which would
 * take setpriv of util-linux; a file with a process id would leave the member alive until somebody starts ippool again.
 */
const WATCHED = `
exec 3<&0 </dev/null
"$@" 3<&- &
etcd=$!
{ read -r _ <&3 && kill -TERM "$etcd"; read -r _ <&3; kill -KILL "$etcd"; } 2>/dev/null &
watch=$!
exec 3<&-
wait "$etcd"
status=$?
kill -KILL "$watch" 2>/dev/null
exit "$status"
`;

/** The node's own member of etcd, a child process. */
export class Member {
  readonly #options: MemberOptions;
  #child: ChildProcessByStdio<Writable, null, Readable> | undefined;
  #ended: Promise<void> = Promise.resolve();
  #isStopping = false;
  /** What it said last, which is why it ended. */
  #lastWord = '';
  /** When it said what. */
  readonly #said = new Map<string, number>();

  constructor(options: MemberOptions) {
    this.#options = options;
  }

  /** Resolves when its process runs; when it takes part is for others to see. */
  async start(): Promise<void> {
    const { log } = this.#options;
    await mkdir(folderOf(this.#options), { recursive: true, mode: 0o700 }).catch((cause: unknown) => {
      const { message } = cause as Error;
      throw new PoolError('usage', `data_dir of the cluster file: ${message}`, { field: 'data_dir' }, cause);
    });
    const beginning = await beginningOf(this.#options, log);
    if (this.#isStopping) return;
    const words = [this.#options.binary, ...argumentsOf(this.#options, beginning)];
    // A group of its own: Ctrl-C is for ippool, which has requests to finish before etcd may go.
    const child = spawn('/bin/sh', ['-c', WATCHED, 'ippool-member', ...words], {
      stdio: ['pipe', 'ignore', 'pipe'],
      detached: true,
    });
    this.#child = child;
    child.stdin.on('error', () => undefined); // it has ended, which is told below
    createInterface(child.stderr).on('line', (line) => this.#heard(line));
    this.#ended = new Promise((resolve) => {
      child.on('error', (error) => {
        this.#lastWord = error.message;
        resolve();
        this.#died(null);
      });
      child.on('close', (code) => {
        resolve();
        this.#died(code);
      });
    });
    log('info', { binary: this.#options.binary, ...beginning }, 'the own member of etcd is started');
  }

  /** Resolves when it has ended, in 2 s or little more. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    const child = this.#child;
    if (!child) return;
    child.stdin.write('stop\n');
    const late = setTimeout(() => child.stdin.end(), STOP_MS);
    await this.#ended;
    clearTimeout(late);
    child.stdin.destroy();
  }

  #heard(line: string): void {
    let message = line;
    try {
      const { msg, error } = JSON.parse(line) as { msg?: string; error?: string };
      message = [msg, error].filter((part) => part !== undefined).join(': ');
    } catch {
      // not every word of etcd's comes as JSON
    }
    if (message === '') return;
    this.#lastWord = message;
    // What it says ten times a second is heard every ten seconds.
    const now = this.#options.clock();
    if (now - (this.#said.get(message) ?? -REPEAT_MS) < REPEAT_MS) return;
    if (this.#said.size >= REMEMBERED) this.#said.clear();
    this.#said.set(message, now);
    this.#options.log('warn', {}, `etcd: ${message}`);
  }

  #died(code: number | null): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    const { binary, fatal, file } = this.#options;
    if (code !== null && EXIT_NO_COMMAND.includes(code)) {
      const remedy = 'install etcd (Debian: etcd-server), or name it with --etcd-binary';
      fatal(new PoolError('usage', `--etcd-binary ${binary} cannot be run: ${remedy}`, { field: 'etcd-binary' }));
      return;
    }
    const why = this.#lastWord === '' ? '' : `: ${this.#lastWord}`;
    // It was not told to: a member that is removed ends by itself, in good order.
    const gone = code === 0 ? ' It may have been removed from the cluster' : '';
    const what = `The own member of etcd (node ${file.node_id}) has ended with ${code ?? 'no code'}${why}.${gone}`;
    fatal(new PoolError('member_ended', what, { node_id: file.node_id, exit_code: code }));
  }
}
