// @ts-check
// Runs every *.test.ts below test/, or those named on the command line. Node 20 neither expands globs nor finds
// TypeScript tests by itself, and calls a run of no tests a success: here that is a failure.
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const named = process.argv.slice(2);
const files = named.length > 0 ? named : testsBelow('test');
if (files.length === 0) {
  process.stderr.write('no test files found\n');
  process.exit(1);
}
// One less by default, which leaves a core of two idle; many tests wait for processes.
const parallel = Math.max(2, availableParallelism());
const options = ['--test', `--test-concurrency=${parallel}`, '--test-reporter=spec', '--test-timeout=300000'];
const args = ['--import', 'tsx', ...options, ...files];
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
process.exitCode = status ?? 1;

/**
 * Where a folder has an all.ts, that stands for its tests: it loads them into one process.
 *
 * @param {string} folder @returns {string[]}
 */
function testsBelow(folder) {
  const entries = readdirSync(join(root, folder), { withFileTypes: true });
  const together = entries.some(({ name }) => name === 'all.ts');
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return testsBelow(path);
      return entry.name === 'all.ts' || (!together && entry.name.endsWith('.test.ts')) ? [path] : [];
    })
    .sort();
}
