import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { MAIN, startServer } from '../support/server.ts';
import { missingTools } from '../support/tools.ts';

/** A path that makes a line of the log long: no VM has such an id, so nothing is done for it. */
const LONG = `/api/v1/ip/${'x'.repeat(4000)}`;
const REQUESTS = 300;
const LOG_BYTES = 4000;

/** Makes far more lines than fit anywhere; every one of the requests is answered. */
async function talk(url: string): Promise<void> {
  const signal = AbortSignal.timeout(10_000);
  for (let i = 0; i < REQUESTS; i++) assert.equal((await fetch(url + LONG, { signal })).status, 400);
}

// About 3 s.
describe('the log', () => {
  it(
    'drops lines when its file can grow no more, and the server goes on',
    {
      skip: missingTools({ prlimit: 'util-linux' }),
    },
    async (t) => {
      const dir = mkdtempSync(join(tmpdir(), 'ippool-log-'));
      t.after(() => rmSync(dir, { recursive: true }));
      const file = join(dir, 'log');
      const script = `exec prlimit --fsize=${LOG_BYTES} "$@" > "$0"`;
      const child = spawn('sh', ['-c', script, file, process.execPath, MAIN, '--memory', '--debug', '--port', '0'], {
        env: { PATH: process.env.PATH ?? '' },
        stdio: 'ignore',
      });
      t.after(() => child.kill('SIGKILL'));
      const exited = once(child, 'exit');
      await talk(await urlIn(file));
      assert.equal(readFileSync(file).length, LOG_BYTES);
      child.kill('SIGTERM');
      assert.deepEqual(await exited, [0, null]);
    },
  );

  it('drops lines when nobody reads its pipe, and the server goes on', async (t) => {
    const server = await startServer({ args: ['--memory', '--debug'] });
    t.after(() => {
      server.child.stdout.resume(); // else its end is never seen
      return server.kill('SIGKILL');
    });
    server.child.stdout.pause();
    await talk(server.url);
    server.child.kill('SIGTERM');
    const exited = once(server.child, 'exit', { signal: AbortSignal.timeout(10_000) });
    assert.deepEqual(await exited, [0, null]);
    server.child.stdout.resume();
    await server.exited;
    assert.ok(server.stdout().length < REQUESTS * LONG.length, 'there were too many lines for the pipe');
  });
});

async function urlIn(file: string): Promise<string> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const url = existsSync(file) ? /"url":"([^"]+)"/.exec(readFileSync(file, 'utf8'))?.[1] : undefined;
    if (url !== undefined) return url;
    await sleep(20);
  }
  assert.fail('the server is not ready after 10 s');
}
