import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from './caller.ts';
import { logged, scratch, serve } from './serving.ts';
import { SlowCaller } from './slow.ts';

const STOP_MS = 8_000;
const IN_FLIGHT = 20;

describe('a server that receives a signal to stop', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`completes requests in flight, accepts nothing new, and exits 0 on ${signal}`, async (t) => {
      const data = scratch(t);
      const server = await serve(t, { data });
      const { host } = new URL(server.url);
      const probe = await SlowCaller.connect(server.url);
      probe.send(`GET /readyz HTTP/1.1\r\nHost: ${host}\r\n`); // the empty line at its end is sent later
      const callers: SlowCaller[] = [];
      for (let i = 0; i < IN_FLIGHT; i++) {
        const caller = await SlowCaller.connect(server.url);
        const body = JSON.stringify({ vm_id: `vm-${i}` });
        caller.send(
          `POST /api/v1/ip/allocate HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\n` +
            `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
        );
        callers.push(caller);
      }
      // The server has received all of these, and waits for their bodies.
      await Promise.all(callers.map((caller) => caller.received(/^HTTP\/1\.1 100 /)));

      server.child.kill(signal);
      await logged(server, 'stopping');
      await refused(server.url);
      probe.send('\r\n');
      const readiness = await probe.closed();
      assert.match(readiness, /^HTTP\/1\.1 503 /);
      assert.doesNotMatch(readiness, /"accepting":"ok"/);
      callers.forEach((caller, i) => caller.send(JSON.stringify({ vm_id: `vm-${i}` })));
      const ips = new Set<string | undefined>();
      for (const caller of callers) {
        const answer = await caller.closed();
        assert.match(answer, /HTTP\/1\.1 201 /);
        ips.add(/"ip":"([^"]+)"/.exec(answer)?.[1]);
      }
      assert.equal(ips.size, IN_FLIGHT);
      assert.deepEqual(await server.exited, { code: 0, signal: null });

      const next = await serve(t, { data });
      const caller = new Caller(next.url);
      assert.deepEqual(new Set((await caller.held()).map(([, ip]) => ip)), ips);
      caller.close();
      await next.stop();
    });
  }

  it('waits for clients that never finish, but not longer than 8 s', async (t) => {
    const data = scratch(t);
    const server = await serve(t, { data });
    const { host } = new URL(server.url);
    const caller = new Caller(server.url);
    const { body } = await caller.allocate('vm-1');
    const silent = await SlowCaller.connect(server.url);
    const half = await SlowCaller.connect(server.url);
    half.send(`POST /api/v1/ip/allocate HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\nContent-`);
    const bodyless = await SlowCaller.connect(server.url);
    bodyless.send(
      `POST /api/v1/ip/allocate HTTP/1.1\r\nHost: ${host}\r\nExpect: 100-continue\r\n` +
        'Content-Type: application/json\r\nContent-Length: 17\r\n\r\n{"vm_id":',
    );
    await bodyless.received(/^HTTP\/1\.1 100 /);
    // A keep-alive connection that is idle: nothing to wait for.
    assert.equal((await caller.get('/livez')).status, 200);

    const began = performance.now();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    const took = performance.now() - began;
    assert.ok(took < STOP_MS, `took ${Math.round(took)} ms`);
    assert.doesNotMatch(await bodyless.closed(), /HTTP\/1\.1 20/);
    for (const slow of [silent, half, bodyless]) slow.close();
    caller.close();

    const next = await serve(t, { data });
    const again = new Caller(next.url);
    assert.deepEqual(await again.held(), [['vm-1', body.ip]]);
    again.close();
    await next.stop();
  });
});

/** Resolves when connections are refused, shortly after the log says so. */
async function refused(url: string): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    try {
      (await SlowCaller.connect(url)).close();
    } catch {
      return;
    }
    await sleep(10);
  }
  assert.fail('the server still listens');
}
