import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { MAIN, startServer } from '../support/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Prints the address of every module that is loaded. */
const HOOK = `import { writeSync } from 'node:fs';
  export const load = (url, context, next) => { writeSync(2, url + '\\n'); return next(url, context); };`;
const HOOKED = `import { register } from 'node:module'; register("${dataUrl(HOOK)}");`;
/** 26 are read; of the sources and the packages it would be more than 700. */
const MOST_FILES = 40;

describe('the compiled server', () => {
  it('reads a few files of its own and no package until it has given an address', async () => {
    const command = [process.execPath, '--import', dataUrl(HOOKED), MAIN] as const;
    const server = await startServer({ command, args: ['--memory'] });
    const headers = { 'content-type': 'application/json', connection: 'close' };
    const { status } = await fetch(`${server.url}/api/v1/ip/allocate`, {
      method: 'POST',
      headers,
      body: '{"vm_id":"vm-1"}',
    });
    assert.equal(status, 201);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    const files = server
      .stderr()
      .split('\n')
      .filter((url) => url.startsWith('file:'));
    assert.ok(
      files.some((url) => url.endsWith('/dist/main.js')),
      server.stderr(),
    );
    assert.deepEqual(
      files.filter((url) => url.includes('/node_modules/')),
      [],
    );
    assert.ok(files.length < MOST_FILES, files.join('\n'));
  });

  it('tells the source of an error when Node is told to read source maps', () => {
    const script = `import { Client } from 'ippool/client';
      await new Client({ server: 'http://127.0.0.1:1' }).health().catch(({ stack }) => console.log(stack));`;
    const args = ['--enable-source-maps', '--input-type=module', '--eval', script];
    const stack = execFileSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
    assert.match(stack, /Unreachable[^]* at .*\/src\/client\/transport\.ts:\d+/);
  });
});

describe('ippool/client', () => {
  it('has types for those who import it', () => {
    const uses = [
      `import { Client } from 'ippool/client';`,
      `export const client = new Client({ server: 'http://127.0.0.1:8080' });`,
      `export const address = async (): Promise<string> => (await client.health()).version;`,
      `export const wrong = async (): Promise<number> => (await client.health()).version;`,
    ];
    // In the package itself, by its own name.
    const path = join(ROOT, 'dist', `uses-${process.pid}.ts`);
    writeFileSync(path, uses.join('\n'));
    try {
      const options = { strict: true, noEmit: true, skipLibCheck: true, types: [] };
      const modules = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023 };
      const problems = ts.getPreEmitDiagnostics(ts.createProgram([path], { ...options, ...modules }));
      assert.deepEqual(
        problems.map(({ code, start = 0, file }) => [code, file?.getLineAndCharacterOfPosition(start).line]),
        [[2322, 3]],
      );
    } finally {
      rmSync(path);
    }
  });
});

function dataUrl(script: string): string {
  return `data:text/javascript,${encodeURIComponent(script)}`;
}
