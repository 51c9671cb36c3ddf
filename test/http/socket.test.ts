import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { after, describe, it } from 'node:test';
import { PoolError } from '../../src/errors.ts';
import { listenOnSocket } from '../../src/http/server.ts';
import { createTestApp } from '../support/app.ts';

const folder = mkdtempSync(join(tmpdir(), 'ippool-socket-'));
after(() => rmSync(folder, { recursive: true }));

async function start(name: string) {
  const { handler } = await createTestApp({ allowedHosts: 'any' });
  const path = join(folder, name);
  const server = await listenOnSocket(handler, path);
  return { path, url: server.url, server };
}

/** Sends an allocation over a socket. */
function allocate(socketPath: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, method: 'POST', path: '/api/v1/ip/allocate', headers, agent: false });
    call.once('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
    call.once('error', reject);
    call.end('{"vm_id":"vm-1"}');
  });
}

const refused = (remedy: RegExp) => (error: unknown) =>
  error instanceof PoolError && error.code === 'listen_failed' && remedy.test(error.message);

describe('http.listenOnSocket', () => {
  it('serves on a file for user and group, and removes it when it closes', async () => {
    const { path, url, server } = await start('a');
    assert.equal(url, `unix:${path}`);
    assert.equal(statSync(path).mode & 0o777, 0o660);
    writeFileSync(join(folder, 'other'), '', { mode: 0o666 });
    assert.notEqual(statSync(join(folder, 'other')).mode & 0o004, 0); // the umask is as before
    assert.equal(await allocate(path, { Host: 'localhost' }), 201);
    await server.close();
    assert.equal(existsSync(path), false);
  });

  it('accepts any Host, because no web page reaches it', async (t) => {
    const { path, server } = await start('b');
    t.after(() => server.close());
    assert.equal(await allocate(path, { Host: 'docker.example' }), 201);
    assert.equal(await allocate(path, { Host: '%2frun%2fippool.sock' }), 200);
  });

  it('replaces the file that a crash left behind', async (t) => {
    const path = join(folder, 'c');
    const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
    spawnSync(process.execPath, ['-e', script, path]);
    assert.equal(statSync(path).isSocket(), true);
    const { server } = await start('c');
    t.after(() => server.close());
    assert.equal(await allocate(path, { Host: 'a' }), 201);
  });

  it('refuses a socket in use, and leaves it alone', async (t) => {
    const path = join(folder, 'd');
    const other = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => other.listen(path, resolve));
    t.after(() => other.close());
    await assert.rejects(start('d'), refused(/another process listens there/));
    assert.equal(statSync(path).isSocket(), true);
  });

  it('refuses a file that is no socket, and a folder that does not exist', async () => {
    writeFileSync(join(folder, 'e'), 'precious');
    await assert.rejects(start('e'), refused(/no socket/));
    assert.equal(readFileSync(join(folder, 'e'), 'utf8'), 'precious');
    await assert.rejects(start('none/f'), refused(/its folder does not exist/));
  });
});
