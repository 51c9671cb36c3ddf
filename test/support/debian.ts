import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CACHE = fileURLToPath(new URL('../../node_modules/.cache/debian', import.meta.url));

/**
 * Unpacks Debian packages below node_modules without installing them: no service is started, and the machine does not
 * change. Unpacked packages are cached. Returns the folder that corresponds to `/`.
 *
 * @throws Error when apt fails
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
    // Another test file may have finished first; its folder has the same content.
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
    // The package lists are missing or outdated.
    execFileSync('apt-get', ['update', '-qq'], { stdio: 'pipe', timeout: 120_000 });
    get();
  }
}
