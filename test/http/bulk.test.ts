import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { BulkResponse } from '../../src/api/allocations.ts';
import { PoolError } from '../../src/errors.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { assertError } from '../support/error-response.ts';
import type { AppOptions } from '../support/app.ts';
import { startSite, V1 } from '../support/site.ts';

class CountingStore extends MemoryStore {
  commits = 0;
  isFull = false;

  override commit(events: Parameters<MemoryStore['commit']>[0]): Promise<void> {
    if (this.isFull) return Promise.reject(new PoolError('storage_full', 'no room'));
    this.commits++;
    return super.commit(events);
  }
}

async function start(options: AppOptions = {}) {
  const store = new CountingStore();
  const site = await startSite({ cidr: '10.0.0.0/16', strategy: 'lowest', ...options, store });
  const ask = (requests: readonly object[], more: object = {}, key?: string) => {
    const asked = site.api.post(`${V1}/allocations/bulk`);
    return (key === undefined ? asked : asked.set('Idempotency-Key', key)).send({ requests, ...more });
  };
  const bulk = async (requests: readonly object[], more: object = {}, key?: string): Promise<BulkResponse> => {
    const answer = await ask(requests, more, key);
    assert.equal(answer.status, 200, answer.text);
    return answer.body as BulkResponse;
  };
  return { ...site, store, ask, bulk };
}

const NET = { network: 'default' };
const vms = (count: number) => Array.from({ length: count }, (_, i) => ({ ...NET, vm_id: `vm-${i}` }));
const ipsOf = ({ results }: BulkResponse) => results.map(({ allocation }) => allocation?.ip);
/** An outcome: status, and the address or the code of the error. */
const outcomes = ({ results }: BulkResponse) =>
  results.map(({ status, allocation, error }) => [status, allocation?.ip ?? error?.code]);
const countsOf = ({ created, existing, failed }: BulkResponse) => [created, existing, failed];

describe('POST /api/v1/allocations/bulk', () => {
  it('gives 10,000 VMs an address each, in a few commits', async () => {
    const { bulk, store, stats } = await start();
    const answer = await bulk(vms(10_000));
    assert.deepEqual(countsOf(answer), [10_000, 0, 0]);
    assert.equal(new Set(ipsOf(answer)).size, 10_000);
    assert.ok(answer.results.every(({ status, allocation }, i) => status === 201 && allocation?.vm_id === `vm-${i}`));
    assert.ok(store.commits <= 20, `${store.commits} commits`);
    assert.equal((await stats('default')).allocated_ips, 10_000);
  });

  it('tells an outcome for each, in the order of the requests', async () => {
    const { bulk, give, add } = await start();
    await give({ ...NET, vm_id: 'there', ip: '10.0.0.9' });
    await add('10.9.0.0/24', { name: 'closed', drain: true });
    const answer = await bulk([
      { ...NET, vm_id: 'a' },
      { ...NET, vm_id: 'there' },
      { ...NET, vm_id: 'b', ip: '10.0.0.9' },
      { network: 'nowhere', vm_id: 'c' },
      { ...NET, vm_id: 'd', ip: '10.0.0.1' },
      { ...NET, vm_id: 'e', ip: '10.1.0.0' },
      { ...NET, vm_id: 'there', ip: '10.0.0.10' },
      { network: 'closed', vm_id: 'f' },
      { ...NET, vm_id: 'g', ip: '10.0.0.20' },
      { ...NET, vm_id: 'h', ip: '10.0.0.20' },
      { ...NET, vm_id: 'i', count: 4 },
      { cidr: '10.0.0.0/16' },
    ]);
    assert.deepEqual(outcomes(answer), [
      [201, '10.0.0.2'],
      [200, '10.0.0.9'],
      [409, 'address_taken'],
      [404, 'network_not_found'],
      [409, 'address_reserved'],
      [400, 'invalid_address'],
      [409, 'address_mismatch'],
      [409, 'network_draining'],
      [201, '10.0.0.20'],
      [409, 'address_taken'],
      [201, '10.0.0.3'],
      [201, '10.0.0.7'],
    ]);
    assert.deepEqual(countsOf(answer), [4, 1, 7]);
    const [, , taken] = answer.results;
    assert.equal(taken?.error?.details.vm_id, 'there', 'and by whom');
  });

  it('gives an owner that stands in it twice the same address, the second time as one it has', async () => {
    const { bulk } = await start();
    const twice = [...vms(3), { ...NET, vm_id: 'vm-1' }, { ...NET, vm_id: 'vm-1', nic: 'eth1' }];
    assert.deepEqual(outcomes(await bulk(twice)), [
      [201, '10.0.0.2'],
      [201, '10.0.0.3'],
      [201, '10.0.0.4'],
      [200, '10.0.0.3'],
      [201, '10.0.0.5'],
    ]);
    const far = await bulk([...vms(1200), { ...NET, vm_id: 'vm-7' }]);
    assert.deepEqual(countsOf(far), [1197, 4, 0]);
    assert.equal(ipsOf(far)[1200], ipsOf(far)[7], 'also in another slice');
  });

  it('gives what there is, and tells the others that there is no more', async () => {
    const { bulk, stats } = await start({ cidr: '10.0.0.0/22' }); // 1021 addresses
    const answer = await bulk(vms(1200));
    assert.deepEqual(countsOf(answer), [1021, 0, 179]);
    assert.ok(answer.results.every(({ status }, i) => status === (i < 1021 ? 201 : 503)));
    assert.deepEqual(new Set(answer.results.slice(1021).map(({ error }) => error?.code)), new Set(['pool_exhausted']));
    assert.equal((await stats('default')).available_ips, 0);
  });

  it('gives the same addresses when it is asked again', async () => {
    const { bulk, store } = await start();
    const named = await bulk(vms(1200));
    const anonymous = await bulk(
      Array.from({ length: 1200 }, () => NET),
      {},
      'key-1',
    );
    const { commits } = store;
    const [again, alike] = [
      await bulk(vms(1200)),
      await bulk(
        Array.from({ length: 1200 }, () => NET),
        {},
        'key-1',
      ),
    ];
    assert.deepEqual([ipsOf(again), ipsOf(alike)], [ipsOf(named), ipsOf(anonymous)]);
    assert.deepEqual(
      [countsOf(again), countsOf(alike)],
      [
        [0, 1200, 0],
        [0, 1200, 0],
      ],
    );
    assert.equal(store.commits, commits, 'nothing was written');
    const other = await bulk([NET], {}, 'key-2');
    assert.deepEqual(countsOf(other), [1, 0, 0]);
    assert.deepEqual(countsOf(await bulk([NET, NET])), [2, 0, 0], 'without a key nobody can ask again');
  });

  it('tells every one that the disk is full, gives nothing, and keeps nothing from the next', async () => {
    const { bulk, store, stats, ips } = await start();
    const before = await stats('default');
    await bulk([{ ...NET, vm_id: 'vm-0' }]);
    store.isFull = true;
    const answer = await bulk(vms(700));
    assert.deepEqual(countsOf(answer), [0, 1, 699], 'what is held already needs no room');
    assert.deepEqual(
      new Set(answer.results.slice(1).map(({ status, error }) => `${status} ${error?.code}`)),
      new Set(['507 storage_full']),
    );
    assert.deepEqual(await ips(''), ['10.0.0.2']);
    assert.equal((await stats('default')).available_ips, Number(before.available_ips) - 1);
    store.isFull = false;
    assert.equal(ipsOf(await bulk(vms(2)))[1], '10.0.0.3');
  });

  it('says of each what is said of it alone', async () => {
    const { bulk, add, api } = await start();
    await add('fd00::/32', { name: 'six' });
    const SIX = { network: 'six' };
    const asked = [
      ...vms(2),
      { ...NET, vm_id: 'named', hostname: 'web-1' },
      { ...NET },
      { ...SIX, vm_id: 'a' },
      { ...NET, vm_id: 'a', nic: 'eth1' },
      { ...NET, vm_id: 'b', description: 'says "a": 1, \\"b\\": 2 \\', tags: ['x', 'y'] },
      { ...NET, vm_id: 'c', mac: 'auto', hostname: 'web-2' },
      { ...NET, vm_id: 'd', ttl: 60 },
      { ...NET, vm_id: 'e', count: 3 },
      { ...SIX, vm_id: 'f', prefix_length: 64 },
      ...vms(1),
      { ...NET, vm_id: 'g' },
    ];
    const { results } = await bulk(asked);
    const statuses = asked.map((_, index) => (index === 11 ? 200 : 201));
    assert.deepEqual(
      results.map(({ status }) => status),
      statuses,
    );
    for (const { allocation } of results) {
      const alone = await api.get(`${V1}/allocations/${allocation?.id}`);
      assert.equal(JSON.stringify(allocation), alone.text);
    }
  });

  it('reads white space wherever JSON may have it', async () => {
    const { bulk, api } = await start();
    await bulk(vms(1));
    const text = '{"requests" :\n[ {"network"\t\r\n: "default" , "vm_id" : "vm-0"} ] }';
    const answer = await api.post(`${V1}/allocations/bulk`).set('Content-Type', 'application/json').send(text);
    assert.deepEqual(countsOf(answer.body as BulkResponse), [0, 1, 0], answer.text);
  });

  it('changes what is held already in a few commits too', async () => {
    const { bulk, store } = await start();
    await bulk(vms(600));
    const { commits } = store;
    const named = vms(1200).map((one) => ({ ...one, hostname: `${one.vm_id}-host` }));
    const answer = await bulk(named);
    assert.deepEqual(countsOf(answer), [600, 600, 0]);
    assert.ok(answer.results.every(({ allocation }, i) => allocation?.hostname === `vm-${i}-host`));
    assert.equal(store.commits - commits, 3, 'one for each slice');
  });

  it('makes a MAC for each that wants one', async () => {
    const { bulk } = await start();
    const { results } = await bulk(vms(600).map((one) => ({ ...one, mac: 'auto' })));
    assert.equal(new Set(results.map(({ allocation }) => allocation?.mac)).size, 600);
  });

  it('has an outcome for requests that mean nothing', async () => {
    const { bulk, ips } = await start();
    const answer = await bulk([NET, { ...NET, mac: 'x' }, {}]);
    assert.deepEqual(countsOf(answer), [1, 0, 2]);
    const fields = answer.results.map(({ error }) => error?.details.field);
    assert.deepEqual(fields, [undefined, 'mac', 'network']);
    assert.equal((await ips('')).length, 1);
  });

  it('refuses a list with what is no request at all, and names it', async () => {
    const { ask, ips } = await start();
    const ATOMIC = { atomic: true };
    assert.equal(assertError(await ask([NET, { ...NET, mac: 'x' }], ATOMIC), 400, 'invalid_request', 'mac').index, 1);
    assert.equal(assertError(await ask([NET, NET, {}], ATOMIC), 400, 'invalid_request', 'network').index, 2);
    assertError(await ask([NET, { ...NET, vm_id: '' }]), 400, 'invalid_request', 'requests[1].vm_id');
    assertError(await ask([]), 400, 'invalid_request', 'requests');
    assertError(await ask(Array.from({ length: 10_001 }, () => NET)), 400, 'invalid_request', 'requests');
    assert.deepEqual(await ips(''), []);
  });
});

describe('POST /api/v1/allocations/bulk with atomic', () => {
  const ATOMIC = { atomic: true };

  it('gives all, in one commit', async () => {
    const { bulk, store } = await start();
    assert.deepEqual(countsOf(await bulk(vms(1200), ATOMIC)), [1200, 0, 0]);
    assert.equal(store.commits, 1);
    assert.deepEqual(countsOf(await bulk(vms(1201), ATOMIC)), [1, 1200, 0]);
  });

  it('gives none when one of them cannot be had, and says which', async () => {
    const { ask, give, stats } = await start({ cidr: '10.0.0.0/24' });
    await give({ ...NET, vm_id: 'there', ip: '10.0.0.9' });
    const before = await stats('default');
    const refused = async (requests: readonly object[], ...error: [number, string, string?]) =>
      assertError(await ask(requests, ATOMIC), ...error).index;
    assert.equal(await refused([...vms(3), { ...NET, ip: '10.0.0.9' }], 409, 'address_taken', 'ip'), 3);
    assert.equal(await refused([{ network: 'nowhere' }, ...vms(3)], 404, 'network_not_found'), 0);
    assert.equal(await refused(vms(300), 503, 'pool_exhausted'), 252);
    assert.equal(await refused([...vms(3), { ...NET, vm_id: 'vm-1' }], 400, 'invalid_request', 'vm_id'), 3);
    const named = { ...NET, ip: '10.0.0.50' };
    assert.equal(await refused([named, { ...NET, vm_id: 'a' }, named], 400, 'invalid_request', 'ip'), 2);
    assert.deepEqual(await stats('default'), before);
    assert.equal((await give({ ...NET, vm_id: 'next' })).ip, '10.0.0.2', 'nothing is kept from others');
  });

  it('gives none when the disk is full', async () => {
    const { ask, store, ips } = await start();
    store.isFull = true;
    assertError(await ask(vms(700), ATOMIC), 507, 'storage_full');
    assert.deepEqual(await ips(''), []);
  });
});
