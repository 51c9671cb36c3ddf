import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/debian', import.meta.url));

/**
 * Unpacks packages of Debian below node_modules, without installing them: no service is started, nothing of the machine
 * changes. What was unpacked once stays. Returns the folder that stands for the root.
 *
 * @throws Error when apt cannot do it
 */
export function unpacked(packages: readonly string[]): string {
  const folder = join(CACHE, packages.join('+'));
  if (existsSync(folder)) return folder;
  mkdirSync(dirname(folder), { recursive: true });
  const making = mkdtempSync(join(CACHE, 'making-'));
  try {
    download(packages, making);
    const debs = readdirSync(making);
    for (const deb of debs) {
      execFileSync('dpkg', ['-x', join(making, deb), join(making, 'root')], { stdio: 'pipe' });
    }
    // Another test file may have been faster: its folder is as good.
    if (!existsSync(folder)) renameSync(join(making, 'root'), folder);
  } catch (error) {
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return folder;
}

function download(packages: readonly string[], cwd: string): void {
  const get = () => execFileSync('apt-get', ['download', '-qq', ...packages], { cwd, stdio: 'pipe', timeout: 120_000 });
  try {
    get();
  } catch {
    // Lists that are missing or too old.
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'pipe', timeout: 120_000 });
    get();
  }
}
