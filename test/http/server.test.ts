import assert from 'node:assert/strict';
import { EventEmitter, once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { listen } from '../../src/http/server.ts';
import { PoolError } from '../../src/errors.ts';
import { createTestApp } from '../support/app.ts';
import { sendRaw } from '../support/raw.ts';
import { allocate, call, post } from '../support/requests.ts';
import { ELSEWHERE } from '../support/service.ts';

const LIST = '/api/v1/ip/allocations';
const STALLED = `${LIST}?vm_id_prefix=vm`;
/** A list of them is larger than all buffers between server and client. */
const MANY = 50_000;

async function start(t: TestContext, handler: (request: IncomingMessage, response: ServerResponse) => unknown) {
  const server = await listen(handler, '127.0.0.1', 0);
  t.after(() => server.close());
  return server;
}

async function startApp(t: TestContext) {
  const { handler, pool } = await createTestApp();
  return { ...(await start(t, handler)), pool };
}

const KEPT = 'POST /api/v1/ip/allocate HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\n\r\n{"vm_id":"vm-1"}';
const statuses = (text: string) => [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

describe('the connection', () => {
  it('answers requests that were sent together in their order', async (t) => {
    const { url } = await startApp(t);
    const { text } = await sendRaw(url, KEPT + KEPT.replace('vm-1', 'vm-2') + call('GET', '/nowhere'));
    assert.deepEqual(statuses(text), [201, 201, 404]);
  });

  it('does not answer nonsense before the good request in front of it', async (t) => {
    const { url, pool } = await startApp(t);
    const { text } = await sendRaw(url, `${KEPT}NONSENSE\r\n\r\n`);
    assert.deepEqual(statuses(text), [201, 400]); // 400 alone would say that nothing was allocated
    assert.equal(pool.network('default').allocated, 1n);
  });

  it('is read to the end of a refused body, so that it is not reset before the client saw the answer', async (t) => {
    const { url } = await startApp(t);
    const body = 'x'.repeat(5_000_000);
    const chunked = post('Transfer-Encoding: chunked\r\n');
    assert.equal((await sendRaw(url, allocate(body))).status, 413);
    assert.equal((await sendRaw(url, `${chunked}4c4b40\r\n${body}\r\n0\r\n\r\n`)).status, 413);
    assert.equal((await sendRaw(url, allocate(body, 'Content-Type: text/plain\r\n'))).status, 415);
    assert.equal((await sendRaw(url, allocate(body, 'Origin: http://evil.example\r\n'))).status, 403);
  });

  it('goes on after a refusal', async (t) => {
    const { url } = await startApp(t);
    const big = KEPT.replace('16', '70000').replace('{"vm_id":"vm-1"}', 'x'.repeat(70_000));
    const { text } = await sendRaw(url, KEPT.replace('vm_id', 'other') + big + KEPT + call('GET', '/livez'));
    assert.deepEqual(statuses(text), [400, 413, 201, 200]);
  });

  it('sends no body for HEAD, whatever stands behind it', async (t) => {
    const { url } = await startApp(t);
    const head = 'HEAD /livez HTTP/1.1\r\nHost: a\r\n\r\n';
    const { text } = await sendRaw(url, head + head.replace('livez', 'nowhere') + KEPT + call('GET', '/livez'));
    assert.deepEqual(statuses(text), [200, 404, 201, 200]);
    assert.equal(text.split('\r\n\r\n').filter((part) => part.startsWith('{')).length, 2);
  });

  it('is closed when nobody has used it for five seconds', async (t) => {
    const { url } = await startApp(t);
    const began = performance.now();
    assert.deepEqual(statuses((await sendRaw(url, KEPT)).text), [201]);
    const seconds = (performance.now() - began) / 1000;
    assert.ok(seconds > 4 && seconds < 10, `${seconds} s`);
  });

  it('answers an expectation: 100 first where it is that, as if it were not there where it is not', async (t) => {
    const { url } = await startApp(t);
    const continued = await sendRaw(url, allocate('{"vm_id":"vm-1"}', 'Expect: 100-continue\r\n'));
    assert.deepEqual(statuses(continued.text), [100, 201]);
    assert.deepEqual(statuses((await sendRaw(url, allocate('{"vm_id":"vm-1"}', 'Expect: tea\r\n'))).text), [200]);
  });

  it('serves HTTP/1.0, which needs no Host, and closes', async (t) => {
    const { url } = await startApp(t);
    assert.equal((await sendRaw(url, 'GET /livez HTTP/1.0\r\n\r\n')).status, 200);
  });

  it('does not switch protocols', async (t) => {
    const { url } = await startApp(t);
    const upgrade = call('GET', '/livez').replace('Connection: close', 'Connection: Upgrade, close\r\nUpgrade: h2c');
    assert.equal((await sendRaw(url, upgrade)).status, 200);
  });

  it('does nothing for a client that went away in the middle of its body', async (t) => {
    const { url, pool } = await startApp(t);
    await sendRaw(url, `${post('Content-Length: 17\r\n')}{"vm_id":"vm-1"}`, { end: true });
    assert.equal(pool.network('default').allocated, 0n);
  });
});

describe('listen', () => {
  it('tells the port that it picked', async (t) => {
    const { url } = await startApp(t);
    assert.match(url, /^http:\/\/127\.0\.0\.1:[1-9]\d*$/);
    assert.equal((await fetch(`${url}/livez`)).status, 200);
  });

  it('rejects with listen_failed when it cannot', async (t) => {
    const { url } = await startApp(t);
    const refused = (host: string, port: number) =>
      assert.rejects(
        listen(() => undefined, host, port),
        (error) => error instanceof PoolError && error.code === 'listen_failed',
      );
    await refused('127.0.0.1', Number(new URL(url).port));
    await refused('203.0.113.1', 0); // of RFC 5737: nobody's
  });
});

describe('a client that does not read', () => {
  it('loses its connection after a while, and keeps nobody waiting', async (t) => {
    const { handler, pool } = await createTestApp({ cidr: '10.0.0.0/16' });
    for (let n = 0; n < MANY; n++) {
      const ip = `10.0.${(n >> 8) + 1}.${n & 255}`;
      pool.apply({ type: 'ip_allocated', ip, vm_id: `vm-${n}-${'x'.repeat(100)}`, ...ELSEWHERE });
    }
    const cut = new EventEmitter<{ cut: [] }>();
    const answer = (request: IncomingMessage, response: ServerResponse) => {
      if (request.url === STALLED) response.on('close', () => cut.emit('cut'));
      return handler(request, response);
    };
    const server = await listen(answer, '127.0.0.1', 0, 300);
    t.after(() => server.close());
    const whole = await (await fetch(server.url + LIST)).text();
    const closed = once(cut, 'cut');
    const { hostname, port } = new URL(server.url);
    const stalled = connect(Number(port), hostname).on('error', () => undefined);
    t.after(() => stalled.destroy());
    stalled.write(call('GET', STALLED)); // and never reads
    const state = { ended: false };
    void closed.then(() => (state.ended = true));
    const patience = AbortSignal.timeout(10_000);
    while (!state.ended && !patience.aborted) assert.equal((await fetch(`${server.url}/livez`)).status, 200);
    assert.ok(state.ended);
    let received = 0;
    stalled.on('data', ({ length }) => (received += length));
    await once(stalled, 'close');
    assert.ok(received < whole.length, `${received} of ${whole.length} bytes`);
    assert.equal(await (await fetch(server.url + LIST)).text(), whole);
  });
});

describe('close', () => {
  it('refuses new connections, lets the request under way finish, and closes what is idle', async () => {
    const underWay = new EventEmitter<{ slow: [ServerResponse] }>();
    const server = await listen(
      (request, response) => (request.url === '/slow' ? underWay.emit('slow', response) : response.end('ok')),
      '127.0.0.1',
      0,
    );
    await (await fetch(server.url)).text(); // leaves an idle connection behind
    const slow = fetch(`${server.url}/slow`);
    const [response] = (await once(underWay, 'slow')) as [ServerResponse];
    const closed = server.close();
    await assert.rejects(fetch(server.url, { headers: { Connection: 'close' } }));
    response.end('done');
    assert.equal(await (await slow).text(), 'done');
    await closed;
  });
});
