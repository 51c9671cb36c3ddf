import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, request as send, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { type Server, startServer } from '../support/server.ts';
import { missingTools } from '../support/tools.ts';

const HOOK = fileURLToPath(new URL('../../config/vm-hook.sh', import.meta.url));
const SCRIPT_MS = 30_000;

describe('config/vm-hook.sh', { skip: missingTools({ curl: 'curl', jq: 'jq' }) }, () => {
  let folder: string;
  let server: Server;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ippool-hook-'));
    server = await startServer({ args: ['--memory', '--network', '10.9.8.0/29'] });
  });
  after(async () => {
    await server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
  });

  const hook = (...args: string[]) => runHook({ folder, url: server.url }, args);
  const call = (method: string, path: string, body?: object) => {
    const json = { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return fetch(new URL(`/api/v1/ip/${path}`, server.url), { method, ...(body && json) });
  };
  const held = async () => (await (await call('GET', 'allocations')).json()) as unknown[];

  it('prints the address as shell variables, and the same one again', async () => {
    const first = await hook('start', 'vm-1', 'web-1');
    assert.equal(first.stderr, '');
    assert.equal(first.code, 0);
    assert.equal(first.stdout, "IP='10.9.8.2'\nGATEWAY='10.9.8.1'\nPREFIX_LENGTH=29\nNETWORK='10.9.8.0/29'\n");
    assert.deepEqual(await hook('start', 'vm-1', 'web-1'), first);
    assert.deepEqual(await hook('start', 'vm-1'), first);
  });

  it('stores the host name', async () => {
    await hook('start', 'vm-1', 'web-1');
    const { hostname } = (await (await call('GET', 'vm-1')).json()) as { hostname: string };
    assert.equal(hostname, 'web-1');
  });

  it('releases, and takes a second stop for done', async () => {
    assert.deepEqual(await hook('stop', 'vm-1'), { code: 0, stdout: '', stderr: '' });
    assert.equal((await held()).length, 0);
    assert.deepEqual(await hook('stop', 'vm-1'), { code: 0, stdout: '', stderr: '' });
  });

  it('leaves a newer address alone when a stop comes late', async () => {
    const old = ipIn((await hook('start', 'vm-2')).stdout);
    await hook('stop', 'vm-2', old);
    const newer = ipIn((await hook('start', 'vm-2')).stdout);
    assert.notEqual(newer, old);
    assert.equal((await hook('stop', 'vm-2', old)).code, 0);
    assert.equal((await held()).length, 1);
    assert.equal((await hook('stop', 'vm-2', newer)).code, 0);
    assert.equal((await held()).length, 0);
  });

  it('refuses the start with the words of the service when the pool is exhausted', async () => {
    for (const id of ['a', 'b', 'c', 'd', 'e'])
      assert.equal((await call('POST', 'allocate', { vm_id: id })).status, 201);
    const { code, stdout, stderr } = await hook('start', 'f');
    const { error } = (await (await call('POST', 'allocate', { vm_id: 'f' })).json()) as { error: string };
    assert.deepEqual([code, stdout], [1, '']);
    assert.ok(stderr.endsWith(`ippool: ${error}\n`), stderr);
    for (const id of ['a', 'b', 'c', 'd', 'e']) assert.equal((await call('DELETE', `release/${id}`)).status, 200);
  });

  const nasty = [
    '../stats',
    '..',
    '-X',
    '@/etc/passwd',
    '"},{"',
    '$(touch harm)',
    "';touch harm;'",
    'a\nb',
    '%2F',
    '?ip=',
  ];
  for (const id of nasty) {
    it(`refuses the id ${JSON.stringify(id)} without harm`, async () => {
      for (const { code, stdout, stderr } of await Promise.all([hook('start', id), hook('stop', id)])) {
        assert.deepEqual([code, stdout], [1, ''], stderr);
        assert.match(stderr, /^ippool: \S/);
      }
      assert.equal((await held()).length, 0);
      assert.deepEqual(await readdir(folder), []);
    });
  }

  for (const args of [[], ['start'], ['start', ''], ['restart', 'vm-1'], ['start', 'vm-1', 'name', 'more']]) {
    it(`calls ${JSON.stringify(args)} wrong usage`, async () => {
      assert.equal((await hook(...args)).code, 2);
    });
  }

  it('takes only a 404 about the allocation for done, not one of a wrong address', async () => {
    const { code } = await runHook({ folder, url: `${server.url}/elsewhere` }, ['stop', 'vm-1']);
    assert.equal(code, 1);
  });

  it('waits for a service that is not up yet, and for one that fails at first', async (t) => {
    const port = await freePort();
    const outcome = runHook({ folder, url: `http://127.0.0.1:${port}/`, seconds: '20' }, ['start', 'vm-late']);
    // The first attempt meets nobody, one a proxy whose service is still away, and a later one the service.
    let attempts = 0;
    const proxy = createServer((request, response) => {
      if (attempts++ === 0) response.writeHead(502).end('<html>Bad Gateway</html>');
      else forward(server.url, request, response);
    });
    t.after(() => proxy.close());
    const late = setTimeout(() => proxy.listen(port, '127.0.0.1'), 500);
    t.after(() => clearTimeout(late));
    const { code, stdout, stderr } = await outcome;
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^IP='10\.9\.8\.\d'\nGATEWAY='10\.9\.8\.1'\n/);
    assert.equal(attempts, 2);
    assert.equal((await hook('stop', 'vm-late')).code, 0);
  });

  it('gives up, and refuses the start, when nobody answers', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const { code, stdout, stderr } = await runHook({ folder, url }, ['start', 'vm-1']);
    assert.deepEqual([code, stdout], [1, '']);
    assert.ok(stderr.endsWith(`ippool: no answer from ${url}\n`), stderr);
  });

  it('prints nothing when the answer is not of ippool', async (t) => {
    const other = createServer((_, response) => response.end('{"ip":"10.0.0.2"}'));
    await once(other.listen(0, '127.0.0.1'), 'listening');
    t.after(() => other.close());
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const { code, stdout } = await runHook({ folder, url }, ['start', 'vm-1']);
    assert.deepEqual([code, stdout], [1, '']);
  });
});

interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Surroundings {
  /** Where the hook runs, and what it has for temporary files: both have to be empty afterwards. */
  readonly folder: string;
  readonly url: string;
  readonly seconds?: string;
}

function runHook({ folder, url, seconds = '1' }: Surroundings, args: readonly string[]): Promise<Outcome> {
  const env = { PATH: process.env.PATH ?? '', TMPDIR: folder, IPPOOL_URL: url, IPPOOL_SECONDS: seconds };
  const child = spawn(HOOK, args, { cwd: folder, env, timeout: SCRIPT_MS });
  const output = { stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream].setEncoding('utf8').on('data', (text: string) => (output[stream] += text));
  }
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...output }));
  });
}

function ipIn(stdout: string): string {
  return /^IP='(.+)'$/m.exec(stdout)?.[1] ?? '';
}

/** Of a server that has just closed: nobody listens there. */
async function freePort(): Promise<number> {
  const server = createServer();
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function forward(to: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, headers } = request;
  const onward = send(new URL(request.url ?? '', to), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  request.pipe(onward);
}
