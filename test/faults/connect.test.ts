import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { startServer } from '../support/server.ts';

const TRIES = 20;

describe('a CONNECT request, which the server does not support', () => {
  it('does not crash the server when its client resets the connection', async (t) => {
    const server = await startServer({ args: ['--memory'] });
    t.after(() => server.kill('SIGKILL'));
    const { hostname, port } = new URL(server.url);
    for (let i = 0; i < TRIES; i++) {
      const socket = connect(Number(port), hostname).on('error', () => undefined);
      await once(socket, 'connect');
      const closed = once(socket, 'close');
      socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n', () => socket.resetAndDestroy());
      await closed;
    }
    assert.equal((await fetch(`${server.url}/livez`)).status, 200);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  it('does not delay a shutdown when its client stays connected', async (t) => {
    const server = await startServer({ args: ['--memory'] });
    t.after(() => server.kill('SIGKILL'));
    const { hostname, port } = new URL(server.url);
    const socket = connect({ port: Number(port), host: hostname, allowHalfOpen: true }).on('error', () => undefined);
    t.after(() => socket.destroy());
    socket.write('CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(socket, 'data');
    const began = performance.now();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    assert.ok(performance.now() - began < 8_000);
  });
});
