import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { ApiError, Client, type Fetch, Unreachable } from '../../src/client/client.ts';
import { type Server, startServer } from '../support/server.ts';

let server: Server;
let client: Client;

before(async () => {
  server = await startServer({ args: ['--memory', '--network', '10.20.0.0/24'] });
  client = new Client({ server: server.url, actor: 'operator' });
});
after(() => server.kill('SIGKILL'));

async function refusal(call: Promise<unknown>): Promise<ApiError> {
  const error: unknown = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof ApiError, String(error));
  return error;
}

describe('client.ip', () => {
  it('allocates, finds, counts and releases', async () => {
    const given = await client.ip.allocate({ vm_id: 'vm-1', hostname: 'web-1' });
    assert.equal((await client.ip.get('vm-1')).ip, given.ip);
    assert.equal((await client.ip.stats()).allocated, 1);
    assert.equal((await client.ip.release('vm-1', { ip: given.ip })).ip, given.ip);
    await client.ip.allocate({ vm_id: 'vm-1' });
    const { ip } = await client.ip.get('vm-1', { network: 'default' });
    assert.equal((await client.ip.releaseByIp(ip)).vm_id, 'vm-1');
  });
});

describe('client.networks', () => {
  it('adds, finds by name and CIDR, changes and removes', async () => {
    const added = await client.networks.add({ cidr: '10.21.0.0/29', name: 'small', tags: ['a'] });
    assert.equal((await client.networks.get('10.21.0.0/29')).id, added.id);
    assert.equal((await client.networks.update('small', { description: 'tiny' })).description, 'tiny');
    assert.deepEqual((await client.networks.list()).map(({ cidr }) => cidr).sort(), ['10.20.0.0/24', '10.21.0.0/29']);
    const stats = await client.networks.stats('small', { freeRanges: true });
    assert.deepEqual([stats.total_ips, stats.free_ranges], [8, ['10.21.0.1-10.21.0.6']]);
    const { id } = await client.networks.reserve('small', { range: '10.21.0.2', reason: 'printer' });
    assert.deepEqual(
      (await client.networks.reservations('small')).map(({ range }) => range),
      ['10.21.0.2'],
    );
    await client.networks.unreserve('small', id);
    await client.networks.remove('small');
    assert.equal((await refusal(client.networks.get('small'))).status, 404);
  });
});

describe('client.allocations', () => {
  it('goes through every page', async () => {
    const { id } = await client.networks.add({ cidr: '10.22.0.0/24' });
    const requests = Array.from({ length: 7 }, (_, i) => ({ network: id, vm_id: `vm-${i}`, tags: ['paged'] }));
    assert.equal((await client.allocations.bulk({ requests })).created, 7);
    const seen: (string | null)[] = [];
    for await (const { vm_id } of client.allocations.list({ tag: 'paged' }, { pageSize: 3 })) seen.push(vm_id);
    assert.deepEqual(seen, ['vm-0', 'vm-1', 'vm-2', 'vm-3', 'vm-4', 'vm-5', 'vm-6']);
  });

  it('gives, changes, renews and releases by id', async () => {
    const given = await client.allocations.create({ network: 'default', hostname: 'a', ttl: 60 });
    assert.equal((await client.allocations.update(given.id, { hostname: 'b' })).hostname, 'b');
    const renewed = await client.allocations.renew(given.id, { ttl: 3600 });
    assert.ok(Date.parse(renewed.expires_at ?? '') > Date.parse(given.expires_at ?? ''));
    assert.equal((await client.allocations.get(given.id)).ip, given.ip);
    await client.allocations.release(given.id);
  });

  it('gives the same again by an idempotency key', async () => {
    const options = { idempotencyKey: 'order-1' };
    const [first, second] = [
      await client.allocations.create({ network: 'default' }, options),
      await client.allocations.create({ network: 'default' }, options),
    ];
    assert.equal(second.id, first.id);
  });
});

describe('client: records', () => {
  it('sends who is asking, and reads it back from audit and history', async () => {
    const { ip } = await client.ip.allocate({ vm_id: 'vm-audited' });
    const entries = [];
    for await (const entry of client.audit({ action: 'ip_allocated', limit: 1 })) entries.push(entry);
    assert.deepEqual(
      entries.map(({ resource, user }) => [resource, user]),
      [[ip, 'operator']],
    );
    const [tenure] = await client.history({ vm_id: 'vm-audited' });
    assert.deepEqual([tenure?.ip, tenure?.allocated_by], [ip, 'operator']);
  });

  it('reconciles and imports', async () => {
    const report = await client.reconcile({ live: ['vm-audited'], scope: { vm_id_prefix: 'vm-aud' } });
    assert.deepEqual([report.dry_run, report.checked, report.released], [true, 1, 0]);
    const rows = { allocations: [{ ip: '10.20.0.99', vm_id: 'vm-imported' }] };
    assert.equal((await client.import(rows, { dryRun: true })).allocations, 1);
    assert.equal((await refusal(client.ip.get('vm-imported'))).code, 'allocation_not_found');
    assert.equal((await client.import(rows)).allocations, 1);
    assert.equal((await client.ip.get('vm-imported')).ip, '10.20.0.99');
  });

  it('asks how the service is', async () => {
    assert.equal((await client.health()).status, 'healthy');
  });
});

describe('client: errors', () => {
  it('says what the service said', async () => {
    const error = await refusal(client.allocations.create({ network: 'none' }));
    assert.deepEqual([error.status, error.code], [404, 'network_not_found']);
    assert.notEqual(error.requestId, '');
    assert.notEqual(error.message, '');
  });

  it('takes what a proxy answers for a refusal too', async () => {
    const fetch: Fetch = () => Promise.resolve(new Response('<h1>Bad gateway</h1>', { status: 502 }));
    const error = await refusal(new Client({ server: 'http://localhost', fetch }).networks.list());
    assert.deepEqual([error.status, error.code, error.details], [502, 'unknown', {}]);
  });

  it('is Unreachable when nobody answers, in time or in JSON', async () => {
    const never: Fetch = (_, { signal }) =>
      new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(new Error('aborted'))));
    const other: Fetch = () => Promise.resolve(new Response('hello'));
    const alone = new Client({ server: 'http://127.0.0.1:2' }); // nobody listens
    const slow = new Client({ server: 'http://localhost', fetch: never, timeout: 10 });
    const alien = new Client({ server: 'http://localhost', fetch: other });
    for (const lost of [alone, slow, alien]) await assert.rejects(lost.networks.list(), Unreachable);
  });

  it('follows only the path of a next link: the server may not know how it is reached', async () => {
    const urls: string[] = [];
    const fetch: Fetch = (url) => {
      urls.push(url);
      const link = '<http://inside.example:1/api/v1/allocations?cursor=x&limit=1>; rel="next"';
      return Promise.resolve(new Response('[]', urls.length > 1 ? {} : { headers: { Link: link } }));
    };
    const list = new Client({ server: 'http://outside.example/', fetch }).allocations.list();
    assert.equal((await list.next()).done, true);
    assert.equal(urls[1], 'http://outside.example/api/v1/allocations?cursor=x&limit=1');
  });
});

describe('client: streams', () => {
  const rowsOf = async <T>(rows: AsyncIterable<T>): Promise<T[]> => {
    const all = [];
    for await (const row of rows) all.push(row);
    return all;
  };
  /** A server whose only answer is this body, in these pieces. */
  const answering = (pieces: readonly (string | Error)[], type = 'application/x-ndjson; charset=utf-8') => {
    const state = { cancelled: false };
    const fetch: Fetch = () => {
      const left = [...pieces];
      const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
        const piece = left.shift();
        if (piece === undefined) controller.close();
        else if (piece instanceof Error) controller.error(piece);
        else controller.enqueue(Buffer.from(piece, 'latin1'));
      };
      const cancel = () => void (state.cancelled = true);
      const body = new ReadableStream<Uint8Array>({ pull, cancel }, { highWaterMark: 0 });
      return Promise.resolve(new Response(body, { headers: { 'Content-Type': type } }));
    };
    return { state, stream: new Client({ server: 'http://localhost', fetch, timeout: 50 }).allocations.stream() };
  };

  it('yields what the pages yield', async () => {
    const { id } = await client.networks.add({ cidr: '10.23.0.0/22' });
    const requests = Array.from({ length: 1000 }, (_, i) => ({ network: id, vm_id: `vm-${i}`, description: 'Tüte' }));
    assert.equal((await client.allocations.bulk({ requests })).created, 1000);
    for (const filter of [{}, { network: id }, { network: id, vm_id: 'vm-7' }, { vm_id: 'nobody' }]) {
      const paged = await rowsOf(client.allocations.list(filter));
      assert.deepEqual(await rowsOf(client.allocations.stream(filter)), paged);
    }
    const audit = await rowsOf(client.audit({ limit: 10_000 }));
    assert.ok(audit.length > 1000);
    assert.deepEqual(await rowsOf(client.streamAudit()), audit);
    assert.deepEqual(await rowsOf(client.streamAudit({ limit: 3 })), audit.slice(0, 3));
  });

  it('puts lines together, wherever they come apart', async () => {
    const text = Buffer.from('{"vm_id":"tüte"}\n{"vm_id":"b"}\n{"vm_id":"c"}\n').toString('latin1');
    for (let size = 1; size <= text.length; size++) {
      const pieces = text.match(new RegExp(`[^]{1,${size}}`, 'g')) ?? [];
      const rows = await rowsOf(answering(pieces).stream);
      assert.deepEqual(
        rows.map(({ vm_id }) => vm_id),
        ['tüte', 'b', 'c'],
        `pieces of ${size}`,
      );
    }
    assert.deepEqual(await rowsOf(answering([]).stream), []);
  });

  it('is Unreachable when the answer is broken off, is no stream, or when nothing comes any more', async () => {
    const wrong: [name: string, pieces: (string | Error)[], type?: string][] = [
      ['an error', ['{"vm_id":"a"}\n', new TypeError('terminated')]],
      ['half a line', ['{"vm_id":"a"}\n{"vm_', 'id":"b"}']],
      ['no JSON', ['<h1>\n']],
      ['an array', ['[]'], 'application/json; charset=utf-8'],
    ];
    for (const [name, pieces, type] of wrong) {
      await assert.rejects(rowsOf(answering(pieces, type).stream), Unreachable, name);
    }
    const silent: Fetch = (_, { signal }) => {
      const body = new ReadableStream({
        start: (controller) => signal?.addEventListener('abort', () => controller.error(signal.reason)),
      });
      return Promise.resolve(new Response(body, { headers: { 'Content-Type': 'application/x-ndjson' } }));
    };
    const slow = new Client({ server: 'http://localhost', fetch: silent, timeout: 10 });
    await assert.rejects(rowsOf(slow.allocations.stream()), Unreachable);
  });

  it('throws what the service says when it says no', async () => {
    const error = await refusal(rowsOf(client.allocations.stream({ network: 'none' })));
    assert.deepEqual([error.status, error.code], [404, 'network_not_found']);
  });

  it('waits for whoever reads, and lets go when he stops', async () => {
    const { state, stream } = answering(['{"vm_id":"a"}\n', '{"vm_id":"b"}\n', '{"vm_id":"c"}\n']);
    const seen: (string | null)[] = [];
    for await (const { vm_id } of stream) {
      seen.push(vm_id);
      if (vm_id === 'b') break;
      await new Promise((resolve) => setTimeout(resolve, 100)); // longer than the service may take
    }
    assert.deepEqual(seen, ['a', 'b']);
    assert.equal(state.cancelled, true);
  });
});
