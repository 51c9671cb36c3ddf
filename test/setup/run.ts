import { spawn } from 'node:child_process';
import type { Exit } from '../support/server.ts';

/** Of the surroundings, what npm needs to reach its registry and its cache. `npm test` itself sets the prefixes. */
const KEPT = /^(PATH|HOME|TMPDIR|NODE_EXTRA_CA_CERTS|SSL_CERT_\w+|(https?|no)_proxy|npm_config_(?!.*prefix)\w+)$/i;
const QUICK = { npm_config_prefer_offline: 'true', npm_config_audit: 'false', npm_config_fund: 'false' };

/** A command with all that it starts: npm, its shell, and the server in there. */
export interface Run {
  stdout(): string;
  stderr(): string;
  /** Resolves when the last of them has ended. */
  readonly exited: Promise<Exit>;
  /** Resolves with what the search finds in stdout or stderr; rejects with all output when everything ended before. */
  printed(pattern: RegExp): Promise<string>;
  /** Signals all of them, as a terminal or systemd does, then waits for the end. */
  end(signal: NodeJS.Signals): Promise<Exit>;
}

export function spawnRun(
  command: string,
  args: readonly string[],
  { cwd, env }: { cwd: string; env: Readonly<Record<string, string>> },
): Run {
  const kept = Object.entries(process.env).filter(([name]) => KEPT.test(name));
  // A process group of its own, so that a signal reaches what npm starts.
  const child = spawn(command, args, {
    cwd,
    env: { ...Object.fromEntries(kept), ...QUICK, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  }
  let ended = false;
  const exited = new Promise<Exit>((resolve, reject) => {
    child.on('error', reject);
    // Not `exit`: the pipes stay open until the last of the group has ended.
    child.on('close', (code, signal) => {
      ended = true;
      resolve({ code, signal });
    });
  });
  return {
    stdout: () => output.stdout,
    stderr: () => output.stderr,
    exited,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
          if (found) resolve(found[1] ?? found[0]);
        };
        look();
        child.stdout.on('data', look);
        child.stderr.on('data', look);
        exited.then(({ code, signal }) => {
          const how = String(code ?? signal);
          reject(new Error(`${command} ended with ${how}:\n${output.stdout}${output.stderr}`));
        }, reject);
      }),
    end(signal) {
      if (!ended && child.pid !== undefined) process.kill(-child.pid, signal);
      return exited;
    },
  };
}
