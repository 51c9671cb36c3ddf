import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ErrorBody } from '../../src/api/schema.ts';
import { type RawResponse, sendRaw } from '../support/raw.ts';
import { inChunks, type Row } from '../support/requests.ts';
import { type Server, startServer } from '../support/server.ts';
import { BODIES } from './malformed.bodies.ts';
import { FRAMES, UNFINISHED } from './malformed.frames.ts';
import { ADDRESSES, PATHS, QUERIES } from './malformed.paths.ts';

// The real server, its journal and raw sockets: a client library would repair half of this before it is sent.

const dir = mkdtempSync(join(tmpdir(), 'ippool-malformed-'));
let server: Server;
let unchanged: unknown;

/** Everything that a request could have changed. Asking for it also shows that the server still answers. */
async function state(): Promise<unknown> {
  const read = async (path: string) => (await fetch(`${server.url}/api/v1/ip/${path}`)).json();
  const files = readdirSync(dir).map((name) => [name, statSync(join(dir, name)).size]);
  return { allocations: await read('allocations'), stats: await read('stats'), files };
}

before(async () => {
  server = await startServer({ args: ['--data', dir] });
  for (const vm_id of ['vm-1', 'vm-2']) {
    const body = JSON.stringify({ vm_id, hostname: 'before' });
    assert.equal((await fetch(`${server.url}/api/v1/ip/allocate`, { method: 'POST', body })).status, 415);
    const headers = { 'Content-Type': 'application/json' };
    assert.equal((await fetch(`${server.url}/api/v1/ip/allocate`, { method: 'POST', body, headers })).status, 201);
  }
  unchanged = await state();
});

after(async () => {
  await server.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

function assertRefused(answer: RawResponse, [, , status, code, field]: Row): void {
  assert.equal(answer.status, status, answer.text.slice(0, 500));
  assert.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8');
  const body = JSON.parse(answer.body) as ErrorBody;
  assert.equal(body.code, code);
  assert.equal(body.status, status);
  assert.equal(body.details.field, field);
  assert.equal(body.request_id, answer.headers.get('x-request-id'));
  assert.ok(answer.body.length < 1000, 'an answer does not repeat what was sent');
}

const CHUNKED = BODIES.flatMap(([name, bytes, ...refusal]): Row[] =>
  typeof bytes === 'string' ? [] : [[`${name}, in chunks`, inChunks(bytes), ...refusal]],
);
const TABLES = { path: PATHS, address: ADDRESSES, query: QUERIES, body: BODIES, chunk: CHUNKED, frame: FRAMES };

for (const [noun, rows] of Object.entries(TABLES)) {
  describe(`a malformed ${noun}`, () => {
    for (const row of rows) {
      it(`${row[0]} is ${row[2]} and changes nothing`, async () => {
        assertRefused(await sendRaw(server.url, row[1]), row);
        assert.deepEqual(await state(), unchanged);
      });
    }
  });
}

describe('a request that is never finished', () => {
  it('is answered with 408 after the time limit of its part, and changes nothing', async () => {
    const answers = await Promise.all(UNFINISHED.map(async (row) => [await sendRaw(server.url, row[1]), row] as const));
    for (const [answer, row] of answers) assertRefused(answer, row);
    assert.deepEqual(await state(), unchanged);
  });

  it('is answered with 400 when the client closes its side, and changes nothing', async () => {
    for (const [name, bytes] of UNFINISHED) {
      const answer = await sendRaw(server.url, bytes, { end: true });
      assertRefused(answer, [name, bytes, 400, 'invalid_request']);
    }
    assert.deepEqual(await state(), unchanged);
  });
});

describe('the battery', () => {
  it('has at least 80 inputs, all different', () => {
    const rows = [...Object.values(TABLES).flat(), ...UNFINISHED];
    assert.ok(rows.length >= 80, `only ${rows.length}`);
    assert.equal(new Set(rows.map(([name]) => name)).size, rows.length);
    assert.equal(
      new Set(rows.map(([, bytes]) => (typeof bytes === 'string' ? bytes : bytes.toString('latin1')))).size,
      rows.length,
    );
  });

  it('left the server running, with nothing in its log but what it said at its start', async () => {
    assert.deepEqual(await state(), unchanged);
    assert.equal(server.stderr(), '');
    const levels = server
      .stdout()
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { level: number }).level);
    assert.deepEqual(
      levels.filter((level) => level > 30),
      [],
    );
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
});
