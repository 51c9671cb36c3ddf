import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { etcdBinary } from './etcd-binary.ts';

/** Generous, for a busy machine: a member usually starts within a second or two, including the election. */
const START_MS = 30_000;

/** What stays the same over all restarts of a member. */
export interface MemberSettings {
  readonly name: string;
  /** The address for its peers and its clients. */
  readonly host: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** `name=url` of all members. */
  readonly cluster: string;
  /** The parent of its data folder. */
  readonly folder: string;
  /** Appended to the standard flags. */
  readonly flags: readonly string[];
  /** A command prefix for the binary. It must exec the binary in the same process. */
  readonly under: readonly string[];
}

/** One etcd process, which can be stopped and restarted on its data. */
export class EtcdMember {
  readonly name: string;
  readonly host: string;
  readonly clientPort: number;
  /** The URL for clients. */
  readonly url: string;
  readonly #settings: MemberSettings;
  #child: ChildProcess | undefined;
  #exited: Promise<void> = Promise.resolve();
  #output = '';

  constructor(settings: MemberSettings) {
    const { name, host, clientPort } = settings;
    this.name = name;
    this.host = host;
    this.clientPort = clientPort;
    this.url = `http://${host}:${clientPort}`;
    this.#settings = settings;
  }

  /** 0 while the member does not run. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The end of its log. */
  get output(): string {
    return this.#output;
  }

  /** Starts the member and waits until it responds, which needs a majority of members. @throws Error with its log */
  async start(): Promise<void> {
    const { name, host, peerPort, cluster, folder, flags, under } = this.#settings;
    const peer = `http://${host}:${peerPort}`;
    const args = [
      `--name=${name}`,
      `--data-dir=${join(folder, name)}`,
      `--listen-client-urls=${this.url}`,
      `--advertise-client-urls=${this.url}`,
      `--listen-peer-urls=${peer}`,
      `--initial-advertise-peer-urls=${peer}`,
      `--initial-cluster=${cluster}`,
      '--logger=zap',
      '--log-level=warn',
      '--log-outputs=stderr',
      ...flags,
    ];
    const [program, ...words] = [...under, 'setpriv', '--pdeathsig', 'KILL', etcdBinary(), ...args] as [
      string,
      ...string[],
    ];
    this.#output = '';
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-20_000);
    });
    this.#child = child;
    this.#exited = new Promise((resolve) => {
      const end = () => {
        if (this.#child === child) this.#child = undefined;
        resolve();
      };
      child.on('error', end);
      child.on('close', end);
    });
    await this.#healthy(child);
  }

  /** Sends SIGTERM and waits for the exit. A member that does not react, such as a suspended one, is killed. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await this.#exited;
    clearTimeout(late);
  }

  /** Sends a signal. Waits for the exit if it is SIGKILL. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    if (signal === 'SIGKILL') await this.#exited;
  }

  /** Stops the member if it runs, and starts it on the same data and ports. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Whether it responds, knows a leader, and has no alarm such as NOSPACE. */
  async isHealthy(): Promise<boolean> {
    try {
      const answer = await fetch(`${this.url}/health`, { signal: AbortSignal.timeout(2_000) });
      return ((await answer.json()) as { health: string }).health === 'true';
    } catch {
      return false;
    }
  }

  async #healthy(child: ChildProcess): Promise<void> {
    const end = Date.now() + START_MS;
    while (!(await this.isHealthy())) {
      if (this.#child !== child) throw new Error(`etcd ended: ${this.#output}`);
      if (Date.now() > end) throw new Error(`etcd was not healthy after ${START_MS} ms: ${this.#output}`);
      await sleep(20);
    }
  }
}
