import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

/** Makes one file of the node on the plain store: read by tsx, a thousand files take each node seconds. Returns its path. */
export function buildPlain(): string {
  const outfile = join(tmpdir(), 'plain.mjs');
  buildSync({
    entryPoints: [fileURLToPath(new URL('main.ts', import.meta.url))],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    // Packages of CommonJS ask for Node's own modules by it.
    banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
  });
  return outfile;
}
