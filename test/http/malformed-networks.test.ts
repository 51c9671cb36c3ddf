import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { ErrorBody } from '../../src/api/schema.ts';
import { sendRaw } from '../support/raw.ts';
import type { Row } from '../support/requests.ts';
import { type Server, startServer } from '../support/server.ts';
import { ALLOCATIONS, HELD } from './malformed.allocations.ts';
import { NETWORKS } from './malformed.networks.ts';

// As malformed.test.ts, for the routes of networks and allocations.

const dir = mkdtempSync(join(tmpdir(), 'ippool-malformed-'));
let server: Server;
let unchanged: unknown;
let held = '';

const QUESTIONS = [
  'networks',
  'allocations?all=true',
  'networks/vms/stats',
  'networks/six/stats',
  'networks/vms/reservations',
];

/** Everything that a request could have changed. Asking for it also shows that the server still answers. */
async function state(): Promise<unknown> {
  const answers = QUESTIONS.map(async (path) => (await fetch(`${server.url}/api/v1/${path}`)).json());
  return {
    answers: await Promise.all(answers),
    files: readdirSync(dir).map((name) => [name, statSync(join(dir, name)).size]),
  };
}

async function make(path: string, body: object): Promise<{ id: string }> {
  const headers = { 'Content-Type': 'application/json' };
  const answer = await fetch(`${server.url}/api/v1/${path}`, { method: 'POST', body: JSON.stringify(body), headers });
  assert.equal(answer.status, 201);
  return (await answer.json()) as { id: string };
}

before(async () => {
  server = await startServer({ args: ['--data', dir] });
  await make('networks', { cidr: '10.1.0.0/24', name: 'vms', gateway: '10.1.0.1' });
  await make('networks', { cidr: 'fd00:1::/56', name: 'six' });
  await make('networks/vms/reservations', { range: '10.1.0.90-10.1.0.99', reason: 'printers' });
  held = (await make('allocations', { network: 'vms', vm_id: 'vm-1', ip: '10.1.0.77' })).id;
  unchanged = await state();
});

after(async () => {
  await server.kill('SIGKILL');
  rmSync(dir, { recursive: true });
});

const TABLES = { network: NETWORKS, allocation: ALLOCATIONS };

for (const [noun, rows] of Object.entries(TABLES)) {
  describe(`a malformed request for a ${noun}`, () => {
    for (const [name, bytes, status, code, field] of rows) {
      it(`${name} is ${status} and changes nothing`, async () => {
        const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1');
        const answer = await sendRaw(server.url, text.replace(HELD, held));
        assert.equal(answer.status, status, answer.text.slice(0, 500));
        const body = JSON.parse(answer.body) as ErrorBody;
        assert.deepEqual([body.code, body.status, body.details.field], [code, status, field], body.error);
        assert.equal(body.request_id, answer.headers.get('x-request-id'));
        assert.ok(answer.body.length < 1000, 'an answer does not repeat what was sent');
        assert.deepEqual(await state(), unchanged);
      });
    }
  });
}

describe('the battery of networks and allocations', () => {
  it('has at least 120 inputs, all different', () => {
    const rows: readonly Row[] = Object.values(TABLES).flat();
    assert.ok(rows.length >= 120, `only ${rows.length}`);
    assert.equal(new Set(rows.map(([name]) => name)).size, rows.length);
    assert.equal(new Set(rows.map(([, bytes]) => bytes.toString('latin1'))).size, rows.length);
  });

  it('left the server running, with nothing in its log but what it said at its start', async () => {
    assert.equal(server.stderr(), '');
    const lines = server.stdout().trim().split('\n');
    assert.deepEqual(
      lines.filter((line) => (JSON.parse(line) as { level: number }).level > 30),
      [],
    );
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });
});
