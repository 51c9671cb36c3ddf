import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { get, type IncomingMessage } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { type Server, startServer } from '../support/server.ts';

const ROWS = 300_000;
const AT_ONCE = 10_000;
/** All rows as lines are more than 120 MB; a few slices and what the kernel keeps are not in it. */
const GROWTH_MB = 40;

let server: Server;
before(async () => {
  server = await startServer({ args: ['--memory', '--network', '10.0.0.0/8'] });
  for (let begun = 0; begun < ROWS; begun += AT_ONCE) {
    const requests = Array.from({ length: AT_ONCE }, (_, i) => ({ network: 'default', vm_id: `vm-${begun + i}` }));
    const body = JSON.stringify({ requests });
    const headers = { 'Content-Type': 'application/json' };
    const answer = await fetch(`${server.url}/api/v1/allocations/bulk`, { method: 'POST', headers, body });
    assert.equal(((await answer.json()) as { created: number }).created, AT_ONCE);
  }
});
after(() => server.kill('SIGKILL'));

/** Megabytes that the server has in memory: its heap, and all else. */
function resident(): number {
  const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) / 1024;
}

describe(`a stream of ${ROWS} rows`, () => {
  it('takes no memory for what a slow reader has not read, and is whole in the end', async () => {
    const headers = { Accept: 'application/x-ndjson' };
    const [answer] = (await once(get(`${server.url}/api/v1/allocations`, { headers }), 'response')) as [
      IncomingMessage,
    ];
    const begun = resident();
    let most = begun;
    for (let looked = 0; looked < 60; looked++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      most = Math.max(most, resident());
    }
    assert.ok(most - begun < GROWTH_MB, `from ${begun} to ${most} MB while nobody reads`);
    let lines = 0;
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      for (let at = chunk.indexOf(10); at >= 0; at = chunk.indexOf(10, at + 1)) lines++;
      most = Math.max(most, resident());
    }
    assert.equal(lines, ROWS);
    assert.ok(most - begun < 2 * GROWTH_MB, `from ${begun} to ${most} MB while it is read`);
  });
});
