import { setTimeout as sleep } from 'node:timers/promises';
import { type Server, startServer } from '../../support/server.ts';
import type { Machine } from './network.ts';

/** The program of a node: a command prefix and arguments, the same at each start. */
export interface NodeProgram {
  readonly words: readonly [string, ...string[]];
  readonly args: readonly string[];
}

/** One ippool process on its own machine. */
export class Node {
  readonly name: string;
  readonly machine: Machine;
  readonly #program: NodeProgram;
  #server: Server | undefined;
  #last = '';

  constructor(name: string, machine: Machine, program: NodeProgram) {
    this.name = name;
    this.machine = machine;
    this.#program = program;
  }

  /** The current URL, or the last one. */
  get url(): string {
    return this.#server?.url ?? this.#last;
  }

  get pid(): number {
    return this.#server?.pid ?? 0;
  }

  /** Its log since its start. */
  get output(): string {
    return this.#server ? this.#server.stdout() + this.#server.stderr() : '';
  }

  /** Resolves when it is ready. @param env variables in addition to PATH */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { words, args } = this.#program;
    const command = [...this.machine.under, 'setpriv', '--pdeathsig', 'KILL', ...words] as [string, ...string[]];
    this.#server = await startServer({ command, args: ['--host', this.machine.host, ...args], env });
    this.#last = this.#server.url;
    const server = this.#server;
    void server.exited.then(() => {
      if (this.#server === server) this.#server = undefined;
    });
  }

  /** Starts it until that succeeds: a node may exit when it finds no etcd. */
  async startWithRetry(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const end = Date.now() + 20_000;
    for (;;) {
      try {
        await this.start(env);
        return;
      } catch (error) {
        if (Date.now() > end) throw error;
        await sleep(200);
      }
    }
  }

  /** Sends a signal. Waits for the exit if the signal terminates. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const server = this.#server;
    if (!server) return;
    if (signal === 'SIGSTOP' || signal === 'SIGCONT') server.child.kill(signal);
    else await server.kill(signal);
  }
}
