import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENCLOSED = 'IPPOOL_ENCLOSED';

/** The exit code of a process that was ended by a signal. */
export const KILLED = 130;
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** Whether this process runs in its own namespaces; see {@link enclose}. */
export const isEnclosed = process.env[ENCLOSED] !== undefined;

/**
 * Runs this program again, with the same arguments, as the first process of new namespaces: network, mounts, and
 * processes. Everything it makes there ends with it. It ends with this process, whatever ends that. Its temporary files
 * are deleted. Returns its exit code.
 *
 * @param env variables in addition to those of this process
 */
export async function enclose(env: Readonly<Record<string, string>>): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'ippool-cluster-'));
  const namespaces = ['--net', '--mount', '--pid', '--fork', '--kill-child=SIGKILL', '--mount-proc'];
  const asRoot = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const words = ['--pdeathsig', 'KILL', 'unshare', ...asRoot, ...namespaces, process.execPath, ...process.execArgv];
  const child = spawn('setpriv', [...words, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, ...env, TMPDIR: folder, [ENCLOSED]: '1' },
  });
  const end = () => child.kill('SIGKILL');
  for (const signal of SIGNALS) process.on(signal, end);
  try {
    return await new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code) => resolve(code ?? KILLED));
    });
  } finally {
    for (const signal of SIGNALS) process.off(signal, end);
    rmSync(folder, { recursive: true, force: true, maxRetries: 20 });
  }
}
