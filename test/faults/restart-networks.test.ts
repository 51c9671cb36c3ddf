import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import type { Network } from '../../src/api/networks.ts';
import { logged, scratch, serve } from './serving.ts';

/** All reads of a state that every type of event has contributed to. */
const QUESTIONS = [
  ...['networks', 'allocations', 'allocations?all=true', 'ip/allocations', 'ip/stats', 'ip/allocations?network=ten'],
  ...['networks/ten/stats?free_ranges=true', 'networks/six/stats', 'networks/odd/stats', 'networks/ten/reservations'],
  ...[
    'networks/six/reservations',
    'allocations?mac=52:54:00:00:00:07',
    'allocations?tag=prod',
    'allocations?status=expired',
  ],
  ...['history?vm_id=back', 'history?ip=10.1.0.20', 'audit?limit=1000'],
];

function client(url: string) {
  const call = async (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/json' }), 'X-Actor': 'anna', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, body: (text === '' ? undefined : JSON.parse(text)) as unknown };
  };
  const done = async <T = NetworkAllocation>(...[method, path, body, headers]: Parameters<typeof call>): Promise<T> => {
    const answer = await call(method, path, body, headers);
    assert.ok(answer.status < 300, `${method} ${path}: ${JSON.stringify(answer.body)}`);
    return answer.body as T;
  };
  const state = async (questions = QUESTIONS) => {
    const answers: Record<string, unknown> = {};
    for (const question of questions) answers[question] = (await call('GET', question)).body;
    return answers;
  };
  return { call, done, state, give: (body: object) => done('POST', 'allocations', body) };
}

/** Causes every type of event. Returns a lease that expires soon. */
async function build(url: string): Promise<NetworkAllocation> {
  const { done, give } = client(url);
  const ten = { cidr: '10.1.0.0/24', gateway: '10.1.0.1', name: 'ten', tags: ['t'], strategy: 'lowest' };
  await done('POST', 'networks', { ...ten, cooldown_seconds: 3600, sticky_seconds: 7200, excluded: ['10.1.0.10/31'] });
  await done('POST', 'networks', { cidr: 'fd00:1::/56', name: 'six', ranges: ['fd00:1::/60'] });
  await done('POST', 'networks', { cidr: '10.2.4.0/24', name: 'odd', sticky_seconds: 3600 });
  const gone = await done<Network>('POST', 'networks', { cidr: '10.3.0.0/24', name: 'gone' });
  await give({ network: 'gone', vm_id: 'x' });
  await done('PATCH', `networks/${gone.id}`, { drain: true });
  await done('DELETE', 'networks/gone?force=true');

  await done('POST', 'ip/allocate', { vm_id: 'plain', hostname: 'plain' });
  await give({ network: 'ten', vm_id: 'web', nic: 'eth1', mac: '52:54:00:00:00:07', tags: ['prod'], description: 'd' });
  await give({ network: 'ten', vm_id: 'range', count: 4, ip: '10.1.0.40' });
  await give({ network: 'six', vm_id: 'prefix', prefix_length: 64, mac: 'auto' });
  await done('POST', 'allocations', { networks: ['ten', 'six'], vm_id: 'dual', mac: 'auto' });
  await done('POST', 'allocations', { network: 'six' }, { 'Idempotency-Key': 'k-1' });
  await give({ network: 'six' }); // that no owner can request again
  await done('POST', 'allocations/bulk', {
    requests: [
      { network: 'odd', vm_id: 'b1' },
      { network: 'odd', vm_id: 'b2' },
    ],
  });
  await done('PATCH', 'networks/odd', { cidr: '10.2.0.0/21', description: 'grown downwards' });
  await give({ network: 'odd', vm_id: 'low', ip: '10.2.0.1' });
  await done('DELETE', 'ip/release/b1?network=odd'); // sticky

  const back = await give({ network: 'ten', vm_id: 'back', ip: '10.1.0.20', ttl: 3600 });
  await done('PATCH', `allocations/${back.id}`, { hostname: 'changed', tags: null });
  await done('POST', `allocations/${back.id}/renew`, { ttl: 7200 });
  await done('POST', `allocations/${back.id}/release`); // cooling and sticky
  await give({ network: 'ten', vm_id: 'renewed', ttl: 3600 });
  await done('POST', 'networks/ten/reservations', { range: '10.1.0.60-10.1.0.69', reason: 'printers' });
  const expires_at = new Date(Date.now() + 3_600_000).toISOString();
  await done('POST', 'networks/six/reservations', {
    range: 'fd00:1:0:f::99',
    reason: 'db',
    vm_id: 'db',
    nic: 'e1',
    expires_at,
  });
  const over = await done<{ id: string }>('POST', 'networks/ten/reservations', { range: '10.1.0.70', reason: 'no' });
  await done('DELETE', `networks/ten/reservations/${over.id}`);
  const live = ['plain', 'web', 'range', 'prefix', 'dual', 'b2', 'renewed'];
  await done('POST', 'reconcile', { live, grace_seconds: 0, dry_run: true }); // low is missing
  await done('POST', 'reconcile', { live: [...live, 'low'], grace_seconds: 0, dry_run: true }); // it is back
  await done('POST', 'reconcile', { live: live.filter((vm) => vm !== 'web'), grace_seconds: 0, dry_run: true });
  const short = await give({ network: 'ten', vm_id: 'short', ip: '10.1.0.80', ttl: 1 });
  await until(
    async () => (await client(url).call('GET', 'allocations?status=expired')).body,
    (found) => {
      return (found as unknown[]).length > 0;
    },
  );
  return short;
}

async function until<T>(ask: () => Promise<T>, isSo: (answer: T) => boolean): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (!isSo(await ask())) {
    assert.ok(performance.now() < deadline);
    await sleep(50);
  }
}

/** Holds only if cooling and sticky addresses, keys, reservations, and cursors survived. */
async function assertLivesOn(url: string): Promise<void> {
  const { call, done, give } = client(url);
  const status = async (body: object, headers = {}) => (await call('POST', 'allocations', body, headers)).status;
  assert.equal(await status({ network: 'six' }, { 'Idempotency-Key': 'k-1' }), 200);
  assert.equal(await status({ network: 'ten', vm_id: 'web', nic: 'eth1' }), 200);
  assert.equal(await status({ network: 'ten', vm_id: 'other', ip: '10.1.0.20' }), 409);
  assert.equal(await status({ network: 'ten', vm_id: 'other', ip: '10.1.0.65' }), 409);
  assert.equal(await status({ network: 'ten', vm_id: 'other', ip: '10.1.0.42' }), 409);
  assert.equal((await give({ network: 'ten', vm_id: 'back' })).ip, '10.1.0.20', 'cooling for it');
  assert.equal((await give({ network: 'odd', vm_id: 'b1' })).ip, '10.2.4.1', 'sticky for it');
  assert.equal((await give({ network: 'six', vm_id: 'db', nic: 'e1' })).ip, 'fd00:1:0:f::99', 'reserved for it');
  assert.equal((await give({ network: 'odd', vm_id: 'next' })).ip, '10.2.4.3', 'round robin continues');
  for (const [network, vm_id, nic] of [
    ['ten', 'back', ''],
    ['odd', 'b1', ''],
    ['six', 'db', 'e1'],
    ['odd', 'next', ''],
  ]) {
    const [held] = await done<NetworkAllocation[]>('GET', `allocations?network=${network ?? ''}&vm_id=${vm_id ?? ''}`);
    assert.ok(held);
    assert.equal(held.nic, nic);
    await done('POST', `allocations/${held.id}/release`);
  }
}

/** Compares statistics, lists, and history before and after a kill. The start itself adds nothing. */
async function killAndCompare(t: TestContext, data: string, args: string[]): Promise<void> {
  const first = await serve(t, { data, args });
  const before = await client(first.url).state();
  await first.kill('SIGKILL');
  const second = await serve(t, { data, args });
  assert.deepEqual(await client(second.url).state(), before);
  await second.kill('SIGKILL');
}

describe('a state that every type of event has contributed to', () => {
  it('is the same after kill -9, from the journal and from a snapshot', async (t) => {
    const data = scratch(t);
    const first = await serve(t, { data });
    const short = await build(first.url);
    const before = await client(first.url).state();
    await first.kill('SIGKILL');

    const second = await serve(t, { data });
    const { call, state } = client(second.url);
    assert.deepEqual(await state(), before);
    assert.equal(((await call('GET', `allocations/${short.id}`)).body as NetworkAllocation).status, 'expired');
    await second.kill('SIGKILL');

    // Small, so that the next change is followed by a compaction.
    const third = await serve(t, { data, args: ['--compact-bytes', '1000'] });
    const talk = client(third.url);
    await talk.done('POST', 'ip/allocate', { vm_id: 'one-more' });
    await logged(third, 'journal compacted');
    const compacted = await talk.state();
    await third.kill('SIGKILL');
    assert.ok(readdirSync(data).some((name) => name.startsWith('snapshot-')));
    await killAndCompare(t, data, []);

    const last = await serve(t, { data });
    assert.deepEqual(await client(last.url).state(), compacted);
    await assertLivesOn(last.url);
    assert.deepEqual(await last.stop(), { code: 0, signal: null });
  });
});

describe('a lease', () => {
  it('that expires while no server runs is expired for the next server at once', async (t) => {
    const data = scratch(t);
    const first = await serve(t, { data });
    const talk = client(first.url);
    const held = await talk.give({ network: 'default', vm_id: 'a', ttl: 1 });
    await talk.give({ network: 'default', vm_id: 'b', ttl: 3600 });
    await first.kill('SIGKILL');
    await sleep(Date.parse(held.expires_at ?? '') - Date.now() + 1);

    const second = await serve(t, { data });
    const again = client(second.url);
    assert.equal((await again.call('GET', 'ip/a')).status, 404);
    const list = await again.done<NetworkAllocation[]>('GET', 'allocations');
    assert.deepEqual(
      list.map(({ vm_id }) => vm_id),
      ['b'],
    );
    const next = await again.give({ network: 'default', vm_id: 'a' });
    assert.notEqual(next.id, held.id);
    assert.equal(((await again.call('GET', `allocations/${held.id}`)).body as NetworkAllocation).status, 'expired');
    assert.deepEqual(await second.stop(), { code: 0, signal: null });
  });
});

describe('the network default, after its removal', () => {
  it('is not created again by a start without --network', async (t) => {
    const data = scratch(t);
    const ids = async (args: string[], act?: (talk: ReturnType<typeof client>) => Promise<unknown>) => {
      const server = await serve(t, { data, args });
      const talk = client(server.url);
      const networks = await talk.done<Network[]>('GET', 'networks');
      await act?.(talk);
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      return networks.map(({ cidr }) => cidr);
    };
    assert.deepEqual(await ids([], (talk) => talk.done('DELETE', 'networks/default')), ['172.16.0.0/24']);
    assert.deepEqual(await ids([]), []);
    // Nor when the whole history is a snapshot without networks.
    const churn = async (talk: ReturnType<typeof client>) => {
      for (let i = 0; i < 20; i++) {
        const { id } = await talk.done<Network>('POST', 'networks', { cidr: '10.7.0.0/24' });
        await talk.done('DELETE', `networks/${id}`);
      }
    };
    assert.deepEqual(await ids(['--compact-bytes', '1000'], churn), []);
    assert.ok(readdirSync(data).some((name) => name.startsWith('snapshot-')));
    assert.deepEqual(await ids(['--compact-bytes', '1000']), []);
    assert.deepEqual(await ids(['--network', '10.8.0.0/24']), ['10.8.0.0/24']);
    assert.deepEqual(await ids([]), ['10.8.0.0/24']);
  });
});
