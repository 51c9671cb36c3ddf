// @ts-check
// Runs every *.test.ts below test/, or those named on the command line. Node 20 neither expands globs nor finds
// TypeScript tests by itself, and calls a run of no tests a success: here that is a failure.
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

/** Begun first, longest first: what begins last keeps one core busy alone. `node --test` itself would sort by name. */
const LONGEST = [
  'test/faults/cluster/cluster.test.ts',
  'test/store/etcd/all.ts',
  'test/etcd-member/all.ts',
  'test/container/image.test.ts',
  'test/setup/setup.test.ts',
  'test/bench/all.ts',
  'test/http/all.ts',
  'test/store/journal/all.ts',
  'test/pool/all.ts',
  'test/migration/all.ts',
  'test/faults/powercut.test.ts',
];
/** Of a file: an all.ts takes up to two minutes on a quiet machine. */
const TIMEOUT_MS = 600_000;

const root = fileURLToPath(new URL('..', import.meta.url));
process.chdir(root);
const named = process.argv.slice(2);
const files = named.length > 0 ? named : testsBelow('test').sort((a, b) => place(a) - place(b));
if (files.length === 0) {
  process.stderr.write('no test files found\n');
  process.exit(1);
}
process.execArgv.push('--import', 'tsx'); // handed on to the process of each file
// As many as cores, not one less: many tests wait for processes.
const concurrency = Math.max(2, availableParallelism());
run({ files, concurrency, timeout: TIMEOUT_MS })
  .on('test:fail', () => (process.exitCode = 1))
  .compose(new spec())
  .pipe(process.stdout);

/** @param {string} file @returns {number} */
function place(file) {
  const at = LONGEST.indexOf(file);
  return at < 0 ? LONGEST.length : at;
}

/**
 * Where a folder has an all.ts, that stands for all tests below it: it loads them into one process.
 *
 * @param {string} folder @returns {string[]}
 */
function testsBelow(folder) {
  const entries = readdirSync(folder, { withFileTypes: true });
  if (entries.some(({ name }) => name === 'all.ts')) return [join(folder, 'all.ts')];
  return entries
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return testsBelow(path);
      return entry.name.endsWith('.test.ts') ? [path] : [];
    })
    .sort();
}
