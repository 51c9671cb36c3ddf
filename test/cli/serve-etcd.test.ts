import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { missingEtcd } from '../support/etcd-binary.ts';
import { type Etcd, startEtcd } from '../support/etcd.ts';
import { type Server, startServer } from '../support/server.ts';

// Real nodes on a real etcd. About 5 s.
describe('ippool serve --etcd', { skip: missingEtcd() }, () => {
  let etcd: Etcd;
  let prefixes = 0;
  before(async () => {
    etcd = await startEtcd();
  });
  after(() => etcd.stop());

  const args = (prefix: string, node: string, more: readonly string[] = []) => [
    '--etcd',
    etcd.endpoints.join(','),
    '--etcd-prefix',
    prefix,
    '--node-id',
    node,
    ...more,
  ];

  async function nodes(t: TestContext, more: readonly string[] = ['--network', '10.1.0.0/16']) {
    const prefix = `/serve/${++prefixes}/`;
    const servers = await Promise.all(['a', 'b'].map((node) => startServer({ args: args(prefix, node, more) })));
    t.after(() => Promise.all(servers.map((server) => server.kill('SIGKILL'))));
    return { prefix, servers: servers as [Server, Server] };
  }

  const ask = (server: Server, path: string, init?: RequestInit) => fetch(new URL(path, server.url), init);
  const allocate = (server: Server, vm_id: string, more: object = {}) =>
    ask(server, '/api/v1/allocations', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ network: 'default', vm_id, ...more }),
    });
  const body = async (answer: Response) => (await answer.json()) as Record<string, unknown>;

  it('makes nodes that are started together one service', async (t) => {
    const { servers } = await nodes(t);
    const [a, b] = servers;
    assert.equal((await body(await ask(a, '/api/v1/health'))).cluster_mode, true);
    const first = await allocate(a, 'vm1');
    assert.equal(first.status, 201);
    const again = await allocate(b, 'vm1');
    assert.equal(again.status, 200);
    assert.deepEqual(await body(again), await body(first));
    const taken = await allocate(b, 'vm2', { ip: (await body(await ask(b, '/api/v1/ip/vm1'))).ip });
    assert.equal(taken.status, 409);
  });

  it('answers from nothing older than what a client has seen', async (t) => {
    const { servers } = await nodes(t);
    const [a, b] = servers;
    for (let n = 1; n <= 20; n++) {
      const revision = (await allocate(a, `vm${n}`)).headers.get('X-Ippool-Revision');
      assert.ok(Number(revision) > 0);
      const list = await ask(b, '/api/v1/allocations?limit=100', { headers: { 'X-Ippool-Revision': revision! } });
      assert.ok(Number(list.headers.get('X-Ippool-Revision')) >= Number(revision));
      assert.equal(((await list.json()) as unknown[]).length, n);
    }
    const bad = await ask(a, '/api/v1/allocations', { headers: { 'X-Ippool-Revision': 'new' } });
    assert.equal(bad.status, 400);
  });

  it('refuses to start for another network than that of the cluster', async (t) => {
    const { prefix } = await nodes(t);
    await assert.rejects(startServer({ args: args(prefix, 'c', ['--network', '10.2.0.0/16']) }), /78/);
  });

  it('ends what has expired, once, on whichever node', async (t) => {
    const { servers } = await nodes(t);
    const [a, b] = servers;
    await Promise.all(Array.from({ length: 80 }, (_, n) => allocate(n % 2 ? a : b, `vm${n}`, { ttl: 1 })));
    const ended = async () => {
      const audit = (await (await ask(a, '/api/v1/audit?limit=1000')).json()) as { action: string; resource: string }[];
      return audit.filter(({ action }) => action === 'ip_released').map(({ resource }) => resource);
    };
    for (const end = Date.now() + 15_000; (await ended()).length < 80;) {
      assert.ok(Date.now() < end, 'they do not end');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await new Promise((resolve) => setTimeout(resolve, 1500)); // the next sweep of each
    assert.equal((await ended()).length, 80);
    assert.equal(new Set(await ended()).size, 80);
  });

  it('gives a bulk its addresses, reconciles hundreds, and says what is too much at once', async (t) => {
    const { servers } = await nodes(t);
    const [a, b] = servers;
    const post = (server: Server, path: string, sent: object) =>
      ask(server, path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(sent),
      });
    const requests = Array.from({ length: 600 }, (_, n) => ({ network: 'default', vm_id: `bulk${n}` }));
    const given = await body(await post(a, '/api/v1/allocations/bulk', { requests }));
    assert.deepEqual([given.created, given.failed], [600, 0]);
    const atomic = await post(a, '/api/v1/allocations/bulk', {
      requests: Array.from({ length: 100 }, (_, n) => ({ network: 'default', vm_id: `atomic${n}` })),
      atomic: true,
    });
    assert.deepEqual([atomic.status, (await body(atomic)).code], [413, 'commit_too_large']);
    const list = await allocate(b, 'list', { count: 30, contiguous: false });
    assert.equal(list.status, 201);
    const gone = { live: ['list'], grace_seconds: 0, force: true, dry_run: false };
    await post(b, '/api/v1/reconcile', gone);
    const second = await body(await post(b, '/api/v1/reconcile', gone));
    assert.equal(second.released, 600);
    const stats = await body(await ask(b, '/api/v1/ip/stats'));
    assert.equal(stats.allocated, 30);
  });
});
