import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import request, { type Response } from 'supertest';
import { assertError } from '../support/error-response.ts';
import { createTestApp, NOW } from '../support/app.ts';

const LIST = '/api/v1/ip/allocations';

async function start(count: number, options?: Parameters<typeof createTestApp>[0]) {
  const app = await createTestApp(options);
  const api = request(app.handler);
  for (let i = 0; i < count; i++) {
    const owner = { vm_id: `${i % 2 === 0 ? 'even' : 'odd'}-${i}`, nic: '' };
    const scope = { actor: 'test', requestId: String(i) };
    await app.allocations.allocate(scope, { network: 'default', owner, attributes: {} });
  }
  const ids = async (path: string) => ((await api.get(path)).body as { vm_id: string }[]).map(({ vm_id }) => vm_id);
  return { ...app, api, ids };
}

/** Follows the Link headers to the end. */
async function pages(api: Awaited<ReturnType<typeof start>>['api'], first: string): Promise<string[][]> {
  const found: string[][] = [];
  for (let path: string | undefined = first; path !== undefined;) {
    const answer: Response = await api.get(path).expect(200);
    found.push((answer.body as { ip: string }[]).map(({ ip }) => ip));
    const link: string | undefined = answer.get('Link');
    path = link === undefined ? undefined : /^<([^>]+)>; rel="next"$/.exec(link)?.[1];
    assert.equal(path === undefined, link === undefined, link);
  }
  return found;
}

const addresses = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, i) => `172.16.0.${first + i}`);

describe('GET /api/v1/ip/allocations', () => {
  it('answers a bare array, in the order of the addresses', async () => {
    const { api } = await start(2);
    const answer = await api.get(LIST).expect(200).expect('Content-Type', 'application/json; charset=utf-8');
    const shared = { gateway: '172.16.0.1', network: '172.16.0.0/24', prefix_length: 24 };
    const allocated_at = new Date(NOW).toISOString();
    assert.deepEqual(answer.body, [
      { ip: '172.16.0.2', vm_id: 'even-0', ...shared, allocated_at },
      { ip: '172.16.0.3', vm_id: 'odd-1', ...shared, allocated_at },
    ]);
  });

  it('answers an empty array when there are none', async () => {
    const { api } = await start(0);
    assert.deepEqual((await api.get(LIST).expect(200)).body, []);
    assert.deepEqual((await api.get(`${LIST}?limit=5`).expect(200)).body, []);
  });

  it('answers all of more than one slice, whole', async () => {
    const { api } = await start(2500, { cidr: '10.0.0.0/20' });
    const all = (await api.get(LIST).expect(200)).body as { ip: string }[];
    assert.equal(new Set(all.map(({ ip }) => ip)).size, 2500);
  });

  it('pages by limit, each page linked to the next, the last to none', async () => {
    const { api } = await start(7);
    assert.deepEqual(await pages(api, `${LIST}?limit=3`), [addresses(2, 4), addresses(5, 7), addresses(8, 8)]);
    assert.deepEqual(await pages(api, `${LIST}?limit=7`), [addresses(2, 8)]);
    assert.deepEqual(
      await pages(api, `${LIST}?limit=1`),
      addresses(2, 8).map((ip) => [ip]),
    );
  });

  it('keeps the filters from page to page', async () => {
    const { api } = await start(7);
    const even = ['172.16.0.2', '172.16.0.4', '172.16.0.6', '172.16.0.8'];
    assert.deepEqual(await pages(api, `${LIST}?limit=2&vm_id_prefix=even-`), [even.slice(0, 2), even.slice(2)]);
  });

  it('goes on behind the last address of a page, whatever was released meanwhile', async () => {
    const { api } = await start(4);
    const first = await api.get(`${LIST}?limit=2`);
    await api.delete('/api/v1/ip/release-by-ip/172.16.0.3').expect(200);
    const next = /<([^>]+)>/.exec(first.get('Link') ?? '')?.[1] ?? '';
    assert.deepEqual(await pages(api, next), [addresses(4, 5)]);
  });

  it('filters by the beginning of vm_id and by address', async () => {
    const { ids } = await start(5);
    assert.deepEqual(await ids(`${LIST}?vm_id_prefix=odd`), ['odd-1', 'odd-3']);
    assert.deepEqual(await ids(`${LIST}?vm_id_prefix=`), ['even-0', 'odd-1', 'even-2', 'odd-3', 'even-4']);
    assert.deepEqual(await ids(`${LIST}?vm_id_prefix=nobody`), []);
    assert.deepEqual(await ids(`${LIST}?ip=172.16.0.3`), ['odd-1']);
    assert.deepEqual(await ids(`${LIST}?ip=172.16.0.99`), []);
    assert.deepEqual(await ids(`${LIST}?ip=172.16.0.3&vm_id_prefix=even`), []);
    assert.deepEqual(await ids(`${LIST}?ip=172.16.0.3&limit=1`), ['odd-1']);
  });

  it('refuses filters, limits and cursors that say nothing, and names them', async () => {
    const { api } = await start(1);
    const limits = ['0', '-1', '10001', '1e3', '1.5', '', '+5', '0x5', 'NaN', '99999999999999999999', '%205'];
    const cursors = ['', 'x', '172.16.0.2', '%00', 'MTcyLjE2LjAuMDI'];
    const bad: [query: string, code: string, field: string][] = [
      ['ip=x', 'invalid_address', 'ip'],
      ['ip=', 'invalid_address', 'ip'],
      ['ip=10.0.0.1', 'invalid_address', 'ip'],
      ['ip=172.16.0.2&ip=172.16.0.2', 'invalid_request', 'ip'],
      ['vm_id_prefix=a&vm_id_prefix=b', 'invalid_request', 'vm_id_prefix'],
      ['limit=1&limit=2', 'invalid_request', 'limit'],
      [`cursor=${Buffer.from('10.0.0.1').toString('base64url')}`, 'invalid_request', 'cursor'],
    ];
    for (const limit of limits) bad.push([`limit=${limit}`, 'invalid_request', 'limit']);
    for (const cursor of cursors) bad.push([`cursor=${cursor}`, 'invalid_request', 'cursor']);
    for (const [query, code, field] of bad) assertError(await api.get(`${LIST}?${query}`), 400, code, field);
  });
});

describe('GET /api/v1/ip/{vm_id}', () => {
  it('answers 404 for a VM that holds none', async () => {
    const { api } = await start(1);
    const answer = await api.get('/api/v1/ip/vm-9');
    assertError(answer, 404, 'allocation_not_found');
    assert.equal((answer.body as { error: string }).error, 'IP not found'); // clients of the Rust ippool read it
  });

  it('takes the route words for routes, not for VMs', async () => {
    const { api } = await start(0);
    for (const word of ['release', 'release-by-ip', '%61llocations', 'st%61ts']) {
      assertError(await api.get(`/api/v1/ip/${word}`), 404, 'route_not_found');
    }
    const answer = await api.get('/api/v1/ip/allocate');
    assertError(answer, 405, 'method_not_allowed');
    assert.equal(answer.get('Allow'), 'POST');
  });
});

describe('GET /api/v1/ip/stats', () => {
  it('counts a /24 as 253 addresses and follows allocations and releases', async () => {
    const { api } = await start(23);
    const network = { network: '172.16.0.0/24', gateway: '172.16.0.1' };
    const before = { ...network, total: 253, allocated: 23, available: 230, usage: (23 / 253) * 100 };
    assert.deepEqual((await api.get('/api/v1/ip/stats').expect(200)).body, before);
    await api.delete('/api/v1/ip/release/even-0').expect(200);
    const after = { ...network, total: 253, allocated: 22, available: 231, usage: (22 / 253) * 100 };
    assert.deepEqual((await api.get('/api/v1/ip/stats').expect(200)).body, after);
  });

  it('does not count what is excluded, and says 100 percent of a full pool and 0 of one without addresses', async () => {
    const only = { family: 4, first: 0x0a000002n, last: 0x0a000002n } as const;
    const full = await start(1, { cidr: '10.0.0.0/30' });
    assert.equal(((await full.api.get('/api/v1/ip/stats')).body as { usage: number }).usage, 100);
    const none = await start(0, { cidr: '10.0.0.0/30', excluded: [only] });
    const { total, usage } = (await none.api.get('/api/v1/ip/stats')).body as { total: number; usage: number };
    assert.deepEqual({ total, usage }, { total: 0, usage: 0 });
  });
});
