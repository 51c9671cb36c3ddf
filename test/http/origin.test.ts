import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request from 'supertest';
import { assertError } from '../support/error-response.ts';
import { createTestApp } from '../support/app.ts';

// A web page that somebody opens on the hypervisor reaches 127.0.0.1 too: it must not give or free addresses.

const FOREIGN: readonly [what: string, headers: Record<string, string>, field: string][] = [
  ['a page of another site', { 'Sec-Fetch-Site': 'cross-site' }, 'Sec-Fetch-Site'],
  ['a page of a sibling host', { 'Sec-Fetch-Site': 'same-site' }, 'Sec-Fetch-Site'],
  ['a page of another origin', { Origin: 'http://evil.example' }, 'Origin'],
  ['a page on another port', { Origin: 'http://127.0.0.1:9999', Host: '127.0.0.1:8080' }, 'Origin'],
  ['a sandboxed page or file', { Origin: 'null' }, 'Origin'],
  ['nonsense for an origin', { Origin: 'x' }, 'Origin'],
  ['a name that was pointed here', { Host: 'evil.example' }, 'Host'],
  ['such a name with its own origin', { Host: 'evil.example:8080', Origin: 'http://evil.example:8080' }, 'Host'],
  ['a name that ends in a dot', { Host: 'evil.example.' }, 'Host'],
  ['a name that looks like ours', { Host: 'localhost.evil.example' }, 'Host'],
  ['an address inside a name', { Host: '127.0.0.1.evil.example' }, 'Host'],
];

const OWN: readonly Record<string, string>[] = [
  {},
  { Host: '127.0.0.1:8080' },
  { Host: '10.1.2.3' },
  { Host: '[::1]:8080' },
  { Host: '[fd00::1]' },
  { Host: 'localhost:8080' },
  { Host: 'a.localhost' },
  { Host: 'hypervisor-7' },
  { Host: 'IPPOOL.example:8080' },
  { Host: '' }, // what Docker sends over a unix socket
  { Host: '127.0.0.1:8080', Origin: 'http://127.0.0.1:8080', 'Sec-Fetch-Site': 'same-origin' },
  { 'Sec-Fetch-Site': 'none' },
];

async function start() {
  const app = await createTestApp({ allowedHosts: ['ippool.example'] });
  const api = request(app.handler);
  await api.post('/api/v1/ip/allocate').send({ vm_id: 'held' }).expect(201);
  return { api, pool: app.pool };
}

describe('a change that is asked for by', () => {
  for (const [what, headers, field] of FOREIGN) {
    it(`${what} is refused and changes nothing`, async () => {
      const { api, pool } = await start();
      const changes = [
        api.post('/api/v1/ip/allocate').send({ vm_id: 'vm-1' }),
        api.delete('/api/v1/ip/release/held'),
        api.delete('/api/v1/ip/release-by-ip/172.16.0.2'),
      ];
      for (const change of changes) assertError(await change.set(headers), 403, 'foreign_origin', field);
      const held = [...pool.network('default').allocations()].map(({ vm_id }) => vm_id);
      assert.deepEqual(held, ['held']);
    });
  }

  for (const headers of OWN) {
    it(`a client with ${JSON.stringify(headers)} is made`, async () => {
      const { api } = await start();
      await api.post('/api/v1/ip/allocate').set(headers).send({ vm_id: 'vm-1' }).expect(201);
      await api.delete('/api/v1/ip/release/vm-1').set(headers).expect(200);
    });
  }
});

describe('a read', () => {
  it('is answered to everybody, and allows no page to look at the answer', async () => {
    const { api } = await start();
    for (const [, headers] of FOREIGN) {
      const answer = await api.get('/api/v1/ip/stats').set(headers);
      assert.equal(answer.status, 200);
      assert.equal(answer.get('Access-Control-Allow-Origin'), undefined);
    }
  });
});
