// @ts-check
// Makes dist/ of src/: few files, so that a start does not look up a thousand. What only some commands or a cluster need
// stays in files of its own, which are read when it is asked for (`await import` in the sources).
import { readFileSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** Packages that every start needs: they go into our files. All others stay in node_modules, as do the licences of all. */
const AT_START = ['@hapi/bourne', '@koa/router', 'async-mutex', 'koa', 'pino', 'sade', 'typebox'];

const root = fileURLToPath(new URL('..', import.meta.url));
/** @type {{ dependencies: Record<string, string> }} */
const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

rmSync(`${root}dist`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts', 'src/client/client.ts'],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  external: Object.keys(dependencies).filter((name) => !AT_START.includes(name)),
  // Packages of CommonJS ask for Node's own modules by it.
  banner: {
    js: `import { createRequire as createRequireOf } from 'node:module'; const require = createRequireOf(import.meta.url);`,
  },
  plugins: [{ name: 'json', setup: ({ onLoad }) => onLoad({ filter: /\.json$/ }, loadJson) }],
  // For `node --enable-source-maps`; names and lines are kept, so that a stack can be read without.
  sourcemap: 'linked',
  sourcesContent: false,
  logLevel: 'warning',
});

/**
 * As text: V8 reads 700 KB of media types twice as fast by JSON.parse as in a program.
 * @param {{ path: string }} file
 */
async function loadJson({ path }) {
  const text = JSON.stringify(JSON.parse(await readFile(path, 'utf8')));
  return { contents: `module.exports = JSON.parse(${JSON.stringify(text)});`, loader: /** @type {const} */ ('js') };
}
