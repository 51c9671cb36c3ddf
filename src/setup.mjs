// @ts-check
// Makes a checkout ready to run, before `npm start` and `npm test`: installs what the lock file says when that has
// changed since the last time, and compiles when a source has. Plain JavaScript without dependencies, because it
// runs before there are any.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const needed = [20, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

try {
  if (major < (needed[0] ?? 0) || (major === needed[0] && minor < (needed[1] ?? 0))) {
    throw new Error(`Node ${needed.join('.')} or later is needed, this is ${process.versions.node}`);
  }
  // An installed package has no sources beside it, and needs nothing.
  if (existsSync(join(root, 'tsconfig.build.json'))) {
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
    const sources = ['tsconfig.json', 'tsconfig.build.json', 'package-lock.json', ...filesBelow('src')];
    stage('compile', join(root, 'dist', '.compiled'), sources, () => {
      rmSync(join(root, 'dist'), { recursive: true, force: true });
      run(process.execPath, [join('node_modules', 'typescript', 'bin', 'tsc'), '-p', 'tsconfig.build.json']);
    });
  }
} catch (error) {
  process.stderr.write(`ippool: set-up failed: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
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
  // What a tool prints goes to stderr: stdout belongs to the program that starts after this.
  execFileSync(command, args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
}
