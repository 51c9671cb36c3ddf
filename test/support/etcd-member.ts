import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { etcdBinary } from './etcd-binary.ts';

/** A member is there in 0.3 s, an election included in 2 s; this is for a machine that does much else. */
const START_MS = 30_000;

/** What a member keeps over all its restarts. */
export interface MemberSettings {
  readonly name: string;
  /** What its peers and its clients reach it at. */
  readonly host: string;
  readonly clientPort: number;
  readonly peerPort: number;
  /** `name=url` of all members. */
  readonly cluster: string;
  /** The folder in which its data gets one of its own. */
  readonly folder: string;
  /** Behind the others. */
  readonly flags: readonly string[];
  /** Words before the binary: they must end by executing it in the same process. */
  readonly under: readonly string[];
}

/** One etcd process, which may be stopped and started again on what it wrote. */
export class EtcdMember {
  readonly name: string;
  readonly host: string;
  readonly clientPort: number;
  /** What clients connect to. */
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

  /** 0 while it does not run. */
  get pid(): number {
    return this.#child?.pid ?? 0;
  }

  /** The last of what it logged. */
  get output(): string {
    return this.#output;
  }

  /** Starts it and waits until it answers, for which most members have to be there. @throws Error with what it logged */
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

  /** SIGTERM, then waits for the end. A member that does nothing about it, such as a stopped one, is killed. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    child.kill('SIGTERM');
    child.kill('SIGCONT');
    const late = setTimeout(() => child.kill('SIGKILL'), 5_000);
    await this.#exited;
    clearTimeout(late);
  }

  /** Sends a signal; waits for the end when it is SIGKILL. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    this.#child?.kill(signal);
    if (signal === 'SIGKILL') await this.#exited;
  }

  /** Stops it when it runs, and starts it on the same data, at the same ports. */
  async restart(): Promise<void> {
    await this.stop();
    await this.start();
  }

  /** Whether it answers, and knows a leader. An alarm such as NOSPACE is no health either. */
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
