import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import { assertError } from '../support/error-response.ts';
import { pagesOf, startSite, V1 } from '../support/site.ts';

/** Three networks, added in another order than that of their addresses, with a few allocations each. */
async function start() {
  const site = await startSite({ cidr: '172.16.0.0/24' });
  await site.add('fd00:1::/64', { name: 'six' });
  await site.add('10.1.0.0/24', { name: 'ten' });
  await site.give({ network: 'six', vm_id: 'web-1', hostname: 'web-1', tags: ['host=1', 'prod'] });
  await site.give({ network: 'six', vm_id: 'db-1', prefix_length: 80 });
  await site.give({ network: 'default', vm_id: 'web-1', nic: 'eth1', mac: '52:54:00:00:00:01' });
  await site.give({ network: 'default', vm_id: 'web-2', mac: '52:54:00:00:00:01', tags: ['prod'] });
  await site.give({ network: 'ten', vm_id: 'web-1', mac: '52:54:00:00:00:01' });
  await site.give({ network: 'ten', vm_id: 'db-1', count: 4, ip: '10.1.0.8' });
  return site;
}

const ALL = ['10.1.0.1', '10.1.0.8', '172.16.0.2', '172.16.0.3', 'fd00:1::1', 'fd00:1:0:0:1::'];

describe('GET /api/v1/allocations', () => {
  it('lists all networks in the order of the addresses, IPv4 before IPv6', async () => {
    const { ips } = await start();
    assert.deepEqual(await ips(''), ALL);
  });

  it('pages through them, wherever a page begins or ends', async () => {
    const site = await start();
    for (let limit = 1; limit <= 7; limit++) {
      const pages = await pagesOf(site, `/allocations?limit=${limit}`);
      assert.deepEqual(pages.flat(), ALL, `limit ${limit}`);
      assert.equal(pages.length, Math.ceil(ALL.length / limit));
    }
  });

  it('goes on behind an address that was released meanwhile, and within a range', async () => {
    const site = await start();
    const first = await site.get<NetworkAllocation[]>('/allocations?limit=2');
    const next = /<\/api\/v1([^>]+)>/.exec(first.get('Link') ?? '')?.[1] ?? assert.fail();
    await site.remove('/ip/release-by-ip/10.1.0.8').expect(200);
    await site.give({ network: 'ten', vm_id: 'late', ip: '10.1.0.7' });
    assert.deepEqual(await pagesOf(site, next).then((pages) => pages.flat()), ALL.slice(2));
  });

  const filters: [query: string, expected: string[]][] = [
    ['network=ten', ['10.1.0.1', '10.1.0.8']],
    ['network_id=default', ['172.16.0.2', '172.16.0.3']],
    ['network=fd00:1::%2F64', ['fd00:1::1', 'fd00:1:0:0:1::']],
    ['vm_id=web-1', ['10.1.0.1', '172.16.0.2', 'fd00:1::1']],
    ['vm_id=web', []],
    ['vm_id_prefix=web', ['10.1.0.1', '172.16.0.2', '172.16.0.3', 'fd00:1::1']],
    ['hostname=web-1', ['fd00:1::1']],
    ['mac=5254.0000.0001', ['10.1.0.1', '172.16.0.2', '172.16.0.3']],
    ['mac=52:54:00:00:00:01&network=default', ['172.16.0.2', '172.16.0.3']],
    ['mac=52:54:00:00:00:02', []],
    ['tag=prod', ['172.16.0.3', 'fd00:1::1']],
    ['tag=prod&vm_id=web-2', ['172.16.0.3']],
    ['ip=10.1.0.10', ['10.1.0.8']], // inside of a range
    ['ip=fd00:1::1:0:0:99', ['fd00:1:0:0:1::']], // inside of a prefix
    ['ip=10.1.0.12', []],
    ['ip=8.8.8.8', []],
    ['cidr=10.0.0.0/8', ['10.1.0.1', '10.1.0.8']],
    ['cidr=172.16.0.2/32', ['172.16.0.2']],
    ['cidr=fd00::/8', ['fd00:1::1', 'fd00:1:0:0:1::']],
    ['cidr=0.0.0.0/0', ALL.slice(0, 4)],
    ['cidr=10.0.0.0/8&vm_id=db-1', ['10.1.0.8']],
    ['status=allocated', ALL],
  ];
  for (const [query, expected] of filters) {
    it(`narrows by ${query}, streamed and in pages`, async () => {
      const site = await start();
      assert.deepEqual(await site.ips(`?${query}`), expected);
      assert.deepEqual((await pagesOf(site, `/allocations?${query}&limit=1`)).flat(), expected);
    });
  }

  it('lists what has ended behind what stands, the latest first, by pages too', async () => {
    const site = await start();
    await site.give({ network: 'ten', vm_id: 'lease', ip: '10.1.0.50', ttl: 60 });
    site.pass(60_000);
    await site.networks.sweep({ actor: 'ippool', requestId: 'expiry' });
    for (const ip of ['10.1.0.1', '172.16.0.3']) await site.remove(`/ip/release-by-ip/${ip}`).expect(200);
    const stand = ALL.filter((ip) => !['10.1.0.1', '172.16.0.3'].includes(ip));
    const gone = ['172.16.0.3', '10.1.0.1', '10.1.0.50'];
    assert.deepEqual(await site.ips('?all=true'), [...stand, ...gone]);
    for (const limit of [1, 2, 4, 7]) {
      const pages = await pagesOf(site, `/allocations?status=all&limit=${limit}`);
      assert.deepEqual(pages.flat(), [...stand, ...gone], `limit ${limit}`);
    }
    assert.deepEqual(await site.ips('?status=released'), gone.slice(0, 2));
    assert.deepEqual(await site.ips('?status=expired'), ['10.1.0.50']);
    assert.deepEqual(await site.ips('?status=released&vm_id=web-2'), ['172.16.0.3']);
    assert.deepEqual(await site.ips('?status=released&network=ten'), ['10.1.0.1']);
    assert.deepEqual(await site.ips('?status=released&cidr=172.16.0.0/12&tag=prod'), ['172.16.0.3']);
  });

  it('refuses what says nothing, also when it would be streamed', async () => {
    const { api } = await start();
    const cursor = (text: string) => `cursor=${Buffer.from(text).toString('base64url')}`;
    const bad: [query: string, status: number, code: string, field?: string][] = [
      ['network=x', 404, 'network_not_found'],
      ['network=x&status=released', 404, 'network_not_found'],
      ['ip=x', 400, 'invalid_address', 'ip'],
      ['network=ten&ip=172.16.0.2', 400, 'invalid_address', 'ip'],
      ['cidr=10.1.0.5/24', 400, 'invalid_request', 'cidr'],
      ['cidr=10.1.0.5', 400, 'invalid_request', 'cidr'],
      ['mac=x', 400, 'invalid_request', 'mac'],
      ['status=gone', 400, 'invalid_request', 'status'],
      ['all=maybe', 400, 'invalid_request', 'all'],
      ['limit=0', 400, 'invalid_request', 'limit'],
      ['limit=10001', 400, 'invalid_request', 'limit'],
      [cursor('x'), 400, 'invalid_request', 'cursor'],
      [cursor('#'), 400, 'invalid_request', 'cursor'],
      [`status=released&${cursor('#x')}`, 400, 'invalid_request', 'cursor'],
      [`network=ten&${cursor('172.16.0.2')}`, 400, 'invalid_request', 'cursor'],
      ['tag=a&tag=b', 400, 'invalid_request', 'tag'],
    ];
    for (const [query, status, code, field] of bad) {
      for (const more of ['', '&limit=5']) {
        if (more !== '' && query.startsWith('limit')) continue;
        assertError(await api.get(`${V1}/allocations?${query}${more}`), status, code, field);
      }
    }
  });
});

describe('a page of a list', () => {
  it('costs the same wherever it begins', async () => {
    const { allocations, listing } = await startSite({ cidr: '10.0.0.0/16' });
    const scope = { actor: 'test', requestId: 'r' };
    const owners = Array.from({ length: 30_000 }, (_, i) => ({ vm_id: `vm-${i}`, nic: '' }));
    const wishes = owners.map((owner) => ({ network: 'default', owner, attributes: {} }));
    await allocations.allocateAll(scope, wishes);
    const first = listing.list(scope, { after: '10.0.100.0' });
    const { value } = (await first.next()) as { value: { allocation: { offset: bigint } }[] };
    assert.equal(value[0]?.allocation.offset, 25_601n);
    assert.equal(value.length, 250, 'found in the first slice: nothing before it was looked at');
    await first.return(undefined);
  });
});
