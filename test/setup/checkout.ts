import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Run, spawnRun } from './run.ts';

const SOURCE = fileURLToPath(new URL('../..', import.meta.url));

/** What a fresh clone holds, in a folder of its own: the files that git knows, as they are now. */
export interface Checkout {
  readonly dir: string;
  /** For whatever else a test leaves: removed with the checkout. */
  readonly beside: string;
  /** Starts a command in the checkout. */
  spawn(command: string, args: readonly string[], env?: Readonly<Record<string, string>>): Run;
  /** Ends what still runs, and removes everything. */
  remove(): Promise<void>;
}

export function cloneCheckout(): Checkout {
  const beside = mkdtempSync(join(tmpdir(), 'ippool-setup-'));
  const dir = join(beside, 'checkout');
  const listed = execFileSync('git', ['ls-files', '-z'], { cwd: SOURCE, encoding: 'utf8' });
  for (const path of listed.split('\0').filter((name) => name !== '' && existsSync(join(SOURCE, name)))) {
    mkdirSync(dirname(join(dir, path)), { recursive: true });
    cpSync(join(SOURCE, path), join(dir, path));
  }
  const runs: Run[] = [];
  return {
    dir,
    beside,
    spawn(command, args, env = {}) {
      const run = spawnRun(command, args, { cwd: dir, env });
      runs.push(run);
      return run;
    },
    async remove() {
      await Promise.all(runs.map((run) => run.end('SIGKILL')));
      rmSync(beside, { recursive: true, force: true });
    },
  };
}
