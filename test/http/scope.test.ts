import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CLUSTER_ENDPOINTS, type Endpoint, listEndpoints, NODE_ENDPOINTS } from '../../src/api/endpoints.ts';
import { anonymous } from '../../src/http/scope.ts';
import { Cluster } from '../../src/service/cluster.ts';
import type { UseCases } from '../../src/service/use-cases.ts';
import { FakeMembership, member } from '../support/fake-membership.ts';
import { seededRandom, startSite } from '../support/site.ts';
import { fill, hiddenExpiries, hiddenState, HIDDEN, VISIBLE } from '../support/hidden-networks.ts';
import { SCOPED_REQUESTS, type ScopedRequest } from './scope-requests.ts';

/**
 * A site whose callers see one network only. Two of them are compared: one with hidden networks, one without. Whatever a
 * caller does, both respond the same: what is outside a scope looks exactly like what does not exist.
 */
async function start(hasHidden: boolean) {
  let random = seededRandom();
  const membership = new FakeMembership(hasHidden ? [member('node-1'), member('node-2')] : []);
  const site = await startSite({
    cidr: '10.1.0.0/24',
    name: 'vms',
    random: () => random(),
    identify: (request, id) => ({ ...anonymous(request, id), networks: VISIBLE }),
    cluster: new Cluster({ membership, node: 'node-1', name: undefined, ownsMembers: false }),
  });
  const targets = await fill(site, hasHidden);
  random = seededRandom(2); // ids of new objects are the same in both sites
  const send = async ({ method }: Endpoint, { at, body, headers = {} }: ScopedRequest) => {
    const path = /^\/(livez|readyz|healthz)/.test(at) ? at : `/api/v1${at}`;
    const call = site.api[method as 'get'](path).set({ ...headers, 'X-Request-Id': 'r-1' });
    const response = await (body === undefined ? call : call.send(body));
    const { status, text } = response;
    const all = response.headers as Readonly<Record<string, string | undefined>>;
    // Ids of the audit log are positions in the one journal of the node; everything else is compared.
    const shown = text.replaceAll(/"id":"\d+"/g, '"id":"…"');
    const link = /audit|status=/.test(at) ? all.link?.replace(/cursor=\w+/, 'cursor=…') : all.link;
    return { status, text: shown, link, type: all['content-type'] };
  };
  return { ...site, membership, targets, send };
}

function methodsOf(useCase: object): string[] {
  return Object.getOwnPropertyNames(Object.getPrototypeOf(useCase)).filter((name) => name !== 'constructor');
}

function useCasesOf({ allocations, bulk, networks, listing, history, reclaim, imports }: UseCases): UseCases {
  return { allocations, bulk, networks, listing, history, reclaim, imports };
}

/** Notes every use case that is called, as `networks.list`. */
function watch(cases: UseCases, called: Set<string>): void {
  for (const [name, useCase] of Object.entries<object>({ ...useCasesOf(cases) })) {
    for (const each of methodsOf(useCase)) {
      const method = Reflect.get(useCase, each) as (...args: unknown[]) => unknown;
      const watched = (...args: unknown[]) => {
        called.add(`${name}.${each}`);
        return method.apply(useCase, args);
      };
      Object.defineProperty(useCase, each, { value: watched });
    }
  }
}

const ENDPOINTS = [...listEndpoints(NODE_ENDPOINTS), ...listEndpoints(CLUSTER_ENDPOINTS)];

describe('a scope that is limited to one network', () => {
  const called = new Set<string>();

  it('has requests to every endpoint in this test', () => {
    assert.deepEqual(ENDPOINTS.map(({ id }) => id).sort(), Object.keys(SCOPED_REQUESTS).sort());
  });

  for (const endpoint of ENDPOINTS) {
    it(`gets the same responses from ${endpoint.id} as if there were no other network`, async () => {
      const [full, bare] = [await start(true), await start(false)];
      const before = await hiddenState(full);
      watch(full, called);
      const { targets } = full;
      for (const request of SCOPED_REQUESTS[endpoint.id as keyof typeof SCOPED_REQUESTS](targets)) {
        const what = `${endpoint.method} ${request.at} ${JSON.stringify(request.body)}`;
        assert.deepEqual(await full.send(endpoint, request), await bare.send(endpoint, request), what);
      }
      assert.deepEqual(await hiddenState(full), before, 'nothing hidden has changed');
      assert.deepEqual(full.membership.asked, []);
    });
  }

  it('passed through every use case in the tests above', async () => {
    const site = await start(true);
    watch(site, called);
    await site.networks.sweep({ actor: 'sweeper', requestId: 'r-2', networks: VISIBLE });
    assert.equal(await hiddenExpiries(site), 0, 'sweeps no hidden network');
    await site.networks.sweep({ actor: 'sweeper', requestId: 'r-3' });
    assert.equal(await hiddenExpiries(site), 1);
    const all = Object.entries<object>({ ...useCasesOf(site) }).flatMap(([name, useCase]) =>
      methodsOf(useCase).map((method) => `${name}.${method}`),
    );
    assert.deepEqual([...called].sort(), all.sort());
  });

  it('reads nothing about the other network in a conflict that cannot be hidden', async () => {
    const { post, patch, api } = await start(true);
    const conflicts = [
      await post('/networks', { cidr: '10.2.0.0/25' }),
      await post('/networks', { cidr: '10.2.0.0/15' }),
      await post('/networks', { cidr: '10.9.0.0/24', name: 'secret' }),
      await post('/networks', { cidr: '10.9.0.0/24', name: 'net_hidden' }),
      await patch('/networks/default', { cidr: '10.0.0.0/14' }),
      await patch('/networks/default', { name: 'secret' }),
    ];
    for (const { status, body, text } of conflicts) {
      assert.equal(status, 409, text);
      const { code, details, error } = body as unknown as { code: string; details: object; error: string };
      const field = code === 'network_overlap' ? 'cidr' : 'name';
      assert.deepEqual([['network_overlap', 'network_exists'].includes(code), details], [true, { field }], text);
      for (const secret of HIDDEN) assert.ok(!error.includes(secret), text);
    }
    const networks = [{ cidr: '10.2.0.0/24' }, { cidr: '10.2.0.0/23' }, { cidr: '10.9.0.0/24', name: 'secret' }];
    const response = await api.post('/api/v1/import?dry_run=true').send({ networks });
    const { refused, unchanged } = response.body as { refused: { field: string; error: string }[]; unchanged: number };
    assert.deepEqual([refused.map(({ field }) => field), unchanged], [['cidr', 'cidr', 'name'], 0]);
    for (const secret of HIDDEN) assert.ok(!JSON.stringify(refused).includes(secret), JSON.stringify(refused));
  });

  it('sees a network that is in it, and its history after it is removed', async () => {
    const { targets, get } = await start(true);
    const { body } = await get<{ id: string }[]>('/networks');
    assert.deepEqual(
      body.map(({ id }) => id),
      ['default'],
    );
    const { body: ended } = await get<{ ip: string }[]>('/allocations?status=released');
    assert.ok(
      ended.some(({ ip }) => ip === '10.4.0.2'),
      'of the network that is gone',
    );
    assert.ok(targets.allocations.length > 5);
  });
});
