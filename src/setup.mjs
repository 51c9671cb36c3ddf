// @ts-check
// Makes a checkout ready to run, before `npm start` and `npm test`: installs what the lock file says when that has
// changed since the last time, and compiles when a source has. Plain JavaScript without dependencies, because it
// runs before there are any.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const needed = [20, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
/** The checkout's folder, opened to hold its lock. */
const checkout = openSync(root, 'r');

try {
  if (major < (needed[0] ?? 0) || (major === needed[0] && minor < (needed[1] ?? 0))) {
    throw new Error(`Node ${needed.join('.')} or later is needed, this is ${process.versions.node}`);
  }
  // An installed package has no sources beside it, and needs nothing.
  if (existsSync(join(root, 'tsconfig.build.json'))) {
    lock();
    stage('install', join(root, 'node_modules', '.installed'), ['package.json', 'package-lock.json'], () => {
      // --no-global: `npm install --global .` runs this as its prepare script, and would hand its own location down.
      run('npm', [
        'ci',
        '--no-global',
        '--include=dev',
        '--ignore-scripts',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ]);
    });
    const sources = ['package.json', 'tsconfig.json', 'tsconfig.build.json', 'package-lock.json', ...filesBelow('src')];
    stage('compile', join(root, 'dist', '.compiled'), sources, () => {
      run(process.execPath, [join('src', 'build.mjs')]);
      // The types of the client, for those who import it.
      run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
    });
  }
} catch (error) {
  process.stderr.write(`ippool: set-up failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
} finally {
  // bin.mjs goes on in this process.
  closeSync(checkout);
}

/**
 * Waits until nobody else sets up this checkout: flock(2) on its folder, which leaves no file behind and which the
 * kernel frees when we and the tools that we started have ended, by kill -9 too. flock(1) locks the descriptor that we
 * share with it. Where it is missing or the file system has no locks, two at a time are not kept apart.
 */
function lock() {
  spawnSync('flock', ['-x', '3'], { stdio: ['ignore', 'ignore', 'ignore', checkout] });
}

/**
 * Does a stage when its inputs are not the ones that its stamp was left for.
 * @param {string} name @param {string} stamp @param {string[]} inputs @param {() => void} work
 */
function stage(name, stamp, inputs, work) {
  const hash = createHash('sha256').update(process.versions.modules);
  for (const input of inputs) hash.update(`\0${input}\0`).update(readFileSync(join(root, input)));
  const digest = hash.digest('hex');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  process.stderr.write(`ippool: ${name} …\n`);
  // No stamp says that the stage is done while it is under way, or after it was broken off.
  rmSync(stamp, { force: true });
  work();
  writeFileSync(stamp, digest);
}

/** @param {string} folder @returns {string[]} */
function filesBelow(folder) {
  return readdirSync(join(root, folder), { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? filesBelow(path) : [path];
    })
    .sort();
}

/** @param {string} command @param {string[]} args */
function run(command, args) {
  // What a tool prints goes to stderr: stdout belongs to the program that starts after this. It shares the lock, so
  // that it still keeps others out when only we are killed.
  execFileSync(command, args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr, checkout] });
}
