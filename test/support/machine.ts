import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Finished } from './cli.ts';
import { etcdBinary } from './etcd-binary.ts';
import { MAIN } from './server.ts';
import { missingTools } from './tools.ts';

const TOOLS = { unshare: 'util-linux', nsenter: 'util-linux', ip: 'iproute2', curl: 'curl' };

/** For `skip`: why such a machine cannot be made, or false. */
export function missingMachine(more: Readonly<Record<string, string>> = {}): string | false {
  const missing = missingTools({ ...TOOLS, ...more });
  if (missing !== false) return missing;
  return process.getuid?.() !== 0 && 'network namespaces need root';
}

/**
 * An isolated machine with its own ports and processes. It runs the commands of a guide literally, with `ippool` and
 * `etcd` on the PATH and on any port that they name. Its processes exit when it is removed.
 */
export class Machine {
  /** The working directory of the commands. */
  readonly folder = mkdtempSync(join(tmpdir(), 'ippool-machine-'));
  readonly #init: ChildProcess;
  readonly #env: Readonly<Record<string, string>>;

  private constructor() {
    const bin = join(this.folder, 'bin');
    mkdirSync(bin);
    writeFileSync(join(bin, 'ippool'), `#!/bin/sh\nexec '${process.execPath}' '${MAIN}' "$@"\n`);
    chmodSync(join(bin, 'ippool'), 0o755);
    symlinkSync(etcdBinary(), join(bin, 'etcd'));
    const temporary = join(this.folder, 'tmp');
    mkdirSync(temporary);
    this.#env = { PATH: `${bin}:${process.env.PATH ?? ''}`, TMPDIR: temporary, HOME: this.folder };
    // Killing process 1 of a PID namespace kills all others. Process 1 is a shell because it reaps orphans.
    const words = ['--net', '--pid', '--mount-proc', '--fork', '--kill-child', 'sh', '-c'];
    this.#init = spawn('unshare', [...words, 'ip link set lo up; sleep 1000; true'], { stdio: 'ignore' });
  }

  static async make(): Promise<Machine> {
    const machine = new Machine();
    for (;;) {
      const { code, stdout } = await machine.run('ip -o link show lo up').catch(() => ({ code: 1, stdout: '' }));
      if (code === 0 && stdout !== '') return machine;
      await sleep(20);
    }
  }

  /** Runs a line of shell until it exits. */
  async run(line: string): Promise<Finished> {
    const [program, words] = await this.#words(line);
    return new Promise((resolve) => {
      const options = { cwd: this.folder, env: this.#env, timeout: 60_000 };
      execFile(program, words, options, (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : ((error as { code?: number }).code ?? 1), stdout, stderr });
      });
    });
  }

  /** Starts a line of shell. Its output goes to a file in the folder. */
  async start(line: string, log: string): Promise<void> {
    await this.run(`setsid sh -c ${quoted(`exec ${line}`)} > ${log} 2>&1 < /dev/null &`);
  }

  /** Repeats a line of shell until it succeeds. */
  async until(line: string): Promise<void> {
    const end = Date.now() + 60_000;
    for (;;) {
      const { code, stdout, stderr } = await this.run(line);
      if (code === 0) return;
      if (Date.now() > end)
        throw new Error(`${line}: ${stdout}${stderr}\n${(await this.run('tail -n 20 *.log')).stdout}`);
      await sleep(200);
    }
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#init.on('close', resolve));
    this.#init.kill('SIGKILL');
    await ended;
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }

  async #words(line: string): Promise<[string, string[]]> {
    const pid = await this.#pid();
    return ['nsenter', ['-t', pid, '-n', '-p', '-m', '--', 'bash', '-c', `cd ${quoted(this.folder)} && { ${line}\n}`]];
  }

  /** The pid of process 1 of the machine, as seen from outside. */
  async #pid(): Promise<string> {
    const { readFile } = await import('node:fs/promises');
    const own = String(this.#init.pid);
    for (;;) {
      const children = await readFile(`/proc/${own}/task/${own}/children`, 'utf8');
      if (children.trim() !== '') return children.trim();
      await sleep(10);
    }
  }
}

/** Quotes text as one word of shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
