import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr } from '../../src/net/cidr.ts';
import { parseRange } from '../../src/net/range.ts';
import { PoolError } from '../../src/errors.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { violation } from '../../src/pool/invariants.ts';
import { Pool } from '../../src/pool/pool.ts';
import { Allocations } from '../../src/service/allocations.ts';
import { Transactions } from '../../src/service/transactions.ts';
import { Clock } from '../../src/service/clock.ts';
import { Visibility } from '../../src/service/visibility.ts';
import { NOW } from '../support/app.ts';
import { settled } from '../support/manual-store.ts';
import { SCOPE, startService, wish } from '../support/service.ts';

const cidr = (text: string) => parseCidr(text) ?? assert.fail(text);

/** What contradicts itself in a history, as the next start would see it. */
function contradictions(events: readonly PoolEvent[]): string[] {
  const pool = new Pool();
  return events.flatMap((event) => {
    const contradiction = violation(pool, event);
    pool.apply(event);
    return contradiction === undefined ? [] : [contradiction];
  });
}

/** Changes of which a commit takes no more leases that have ended. */
function changesOf({ pool, store, clock }: Pick<Service, 'pool' | 'store' | 'clock'>, atOnce: number): Transactions {
  const time = new Clock(
    () => clock.now,
    () => clock.elapsed,
  );
  return new Transactions({ pool, visibility: new Visibility(pool), store, clock: time, atOnce });
}

type Service = Awaited<ReturnType<typeof startService>>;

describe('a change of a network that is named by a name', () => {
  it('is not made to another one that has the name by the time it is its turn', async () => {
    const { networks, allocations, store, pool, durable } = await startService();
    const tiny = { cidr: cidr('10.10.0.0/28'), name: 'tiny' };
    await durable(networks.add(SCOPE, tiny));
    await durable(networks.add(SCOPE, { cidr: cidr('10.11.0.0/28'), name: 'other' }));
    const history: PoolEvent[] = [
      { type: 'network_added', network: 'default', cidr: '10.0.0.0/29', gateway: '10.0.0.1', excluded: [], ...BASE },
      ...[...pool.networks].slice(1).map(({ id, cidrText, settings }): PoolEvent => {
        return { type: 'network_added', network: id, cidr: cidrText, ...settings, ...BASE, strategy: 'lowest' };
      }),
    ];
    const queued = [
      networks.remove(SCOPE, 'tiny', false),
      networks.add(SCOPE, tiny),
      networks.update(SCOPE, 'other', { description: 'x' }),
      networks.remove(SCOPE, 'tiny', false),
    ];
    const ended = Promise.allSettled(queued);
    const commitOne = async () => {
      await settled();
      const [commit] = store.commits;
      if (!commit) return false;
      history.push(...commit.events);
      commit.succeed();
      return true;
    };
    await commitOne();
    await commitOne();
    await settled();
    // The new tiny stands; its removal waits for the change of the other network.
    const asked = allocations.allocate(SCOPE, wish('a', { network: 'tiny' })).catch(() => undefined);
    while (await commitOne());
    await ended;
    assert.deepEqual(contradictions(history), []);
    const given = await asked;
    if (given) assert.ok(pool.find(given.network.id)?.byOwner({ vm_id: 'a', nic: '' }), 'what was given is there');
  });

  const BASE = { strategy: 'lowest', at: NOW, actor: 'anna', request_id: 'r' } as const;
});

describe('a request of a cluster that cannot write', () => {
  const PATIENCE = { timeoutMs: 100 };
  const message = 'The store did not respond in time, so the outcome is unknown: repeat the request';
  /** All but the machine's own time. */
  const inTime = async (...promises: Promise<unknown>[]) => {
    const started = performance.now();
    for (const promise of promises) await assert.rejects(promise, { code: 'store_unavailable', message });
    assert.ok(performance.now() - started < 190);
  };

  it('is answered in time, also behind another of the same owner', async () => {
    const { ask, commit, store } = await startService(undefined, PATIENCE);
    await inTime(ask('a'), ask('a'), ask('a'));
    assert.equal(store.commits.length, 1);
    commit().fail();
    await settled();
    assert.deepEqual(store.commits, [], 'nothing is begun for whoever has gone');
  });

  it('is answered in time that changes a network behind another', async () => {
    const { networks, ask, commit, store } = await startService(undefined, PATIENCE);
    await inTime(ask('a'), networks.update(SCOPE, 'default', { description: 'x' }));
    commit().fail();
    await settled();
    await settled();
    assert.deepEqual(store.commits, []);
  });

  it('is answered in time when leases have ended', async () => {
    const { ask, pass, durable } = await startService(undefined, PATIENCE);
    await durable(ask('a', { ttl: 10 }));
    pass(11_000);
    await inTime(ask('b'), ask('a'));
  });

  it('does not wait for the end of leases that is known to be in vain', async () => {
    const { ask, pass, durable, store, commit } = await startService(undefined, PATIENCE);
    await durable(ask('a', { ttl: 10 }));
    pass(11_000);
    store.writable = false;
    await assert.rejects(ask('a'), { code: 'store_unavailable' });
    const other = ask('b');
    await settled();
    assert.equal(commit().events[0]?.type, 'ip_allocated');
    commit().succeed();
    await other;
  });
});

describe('leases that have ended', () => {
  const conflict = () => new PoolError('conflict', 'another was first');
  const typesOf = (events: readonly PoolEvent[]) => events.map(({ type }) => type);

  it('are waited for by nobody whose own has not', async () => {
    const { ask, pass, durable, networks, commit, store } = await startService();
    await durable(ask('a', { ttl: 10 }));
    await durable(ask('b', { ttl: 100 }));
    pass(11_000);
    const swept = networks.sweep(SCOPE);
    const others = [ask('b', { ttl: 100 }), ask('c')];
    await settled();
    assert.deepEqual(
      store.commits.map(({ events }) => typesOf(events)),
      [['ip_released'], ['ip_updated'], ['ip_allocated']],
    );
    commit(2).succeed();
    commit(1).succeed();
    await Promise.all(others);
    commit().succeed();
    await swept;
  });

  it('are released one by one for those who ask, not all of them', async () => {
    const { ask, pass, durable, commit, visible } = await startService();
    for (const vm of ['a', 'b']) await durable(ask(vm, { ttl: 10 }));
    pass(11_000);
    const again = ask('b', { ttl: 10 });
    await settled();
    assert.equal(commit().events.length, 1);
    assert.equal((await durable(again)).created, true);
    assert.deepEqual(visible(), ['a', 'b']);
  });

  it('are decided upon by nobody while they stand, however often another node is first', async () => {
    const { ask, pass, durable, commit, store } = await startService();
    await durable(ask('a', { ttl: 10 }));
    pass(11_000);
    const refused = assert.rejects(ask('a'), { code: 'conflict' });
    for (let tries = 0; tries < 16; tries++) {
      await settled();
      assert.deepEqual(typesOf(commit().events), ['ip_released']);
      commit().fail(conflict());
    }
    await refused;
    assert.deepEqual(store.commits, []);
    assert.equal((await durable(ask('a'))).created, true);
  });

  it('are those of both families', async () => {
    const { askAll, add, pass, durable } = await startService();
    await add('fd00:1::/64', 'six');
    const both = () => durable(askAll(wish('a', { ttl: 10 }), wish('a', { ttl: 10, network: 'six' })));
    await both();
    pass(11_000);
    for (const { created, allocation } of await both()) {
      assert.equal(created, true);
      assert.equal(allocation.attributes.expires_at, NOW + 21_000);
    }
  });

  it('are no more in one commit than it takes', async () => {
    const { askAll, ask, pass, durable, commit, pool, ...rest } = await startService('10.0.0.0/24');
    const changes = changesOf({ pool, ...rest }, 2);
    const allocations = new Allocations({
      pool,
      transactions: changes,
      visibility: new Visibility(pool),
      random: () => 0,
    });
    const wishes = ['a', 'b', 'c'].map((vm) => wish(vm, { ttl: 10 }));
    await durable(askAll(...wishes));
    await durable(ask('d', { ttl: 10 }));
    pass(11_000);
    const again = allocations.allocateAll(SCOPE, wishes);
    const sizes: number[] = [];
    while (sizes.length < 3) {
      await settled();
      sizes.push(commit().events.length);
      commit().succeed();
    }
    await again;
    assert.deepEqual(sizes, [2, 1, 3]);
  });

  it('are refused to their owner for want of room, in a cluster too', async () => {
    for (const isSweptBefore of [false, true]) {
      const { ask, pass, durable, commit, store, networks } = await startService(undefined, { timeoutMs: 100 });
      await durable(ask('a', { ttl: 10 }));
      pass(11_000);
      const first = isSweptBefore ? networks.sweep(SCOPE) : ask('b');
      await settled();
      store.writable = false;
      commit().fail();
      await assert.rejects(first, { code: 'storage_full' });
      const again = ask('a');
      await settled();
      commit().fail();
      await assert.rejects(again, { code: 'storage_full' });
    }
  });
});

describe('the sweeper', () => {
  it('goes on for as long as it gets on, however often others are first', async () => {
    const { askAll, pass, durable, network, store, ...rest } = await startService('10.0.0.0/24');
    const changes = changesOf({ store, ...rest }, 1);
    await durable(askAll(...Array.from({ length: 20 }, (_, n) => wish(`vm-${n}`, { ttl: 10 }))));
    pass(11_000);
    const swept = changes.sweep(network);
    swept.catch(() => undefined);
    for (let isFirst = true; network.count > 0; isFirst = !isFirst) {
      await settled();
      const [commit] = store.commits;
      if (!commit) break;
      if (isFirst) commit.fail(new PoolError('conflict', 'another was first'));
      else commit.succeed();
    }
    await swept;
    assert.equal(network.count, 0);
  });

  it('leaves a reservation alone whose network is removed while it waits', async () => {
    const { networks, add, pass, commit, durable, store } = await startService();
    const network = await add('10.9.0.0/24', 'other');
    const range = parseRange('10.9.0.9') ?? assert.fail();
    await durable(networks.reserve(SCOPE, 'other', { range, reason: 'r', owner: undefined, expires_at: NOW + 60_000 }));
    pass(61_000);
    const removed = networks.remove(SCOPE, network.id, false);
    await settled();
    const swept = networks.sweep(SCOPE);
    await settled();
    commit().succeed();
    await removed;
    await swept.catch(() => undefined);
    await settled();
    assert.deepEqual(store.commits, []);
  });

  it('goes on with the other networks, and with reservations, when others are first in one', async () => {
    const { ask, add, networks, pass, durable, store, network } = await startService();
    const other = await add('10.9.0.0/24', 'other');
    const range = parseRange('10.0.0.6') ?? assert.fail();
    const expires_at = NOW + 10_000;
    await durable(networks.reserve(SCOPE, 'default', { range, reason: 'r', owner: undefined, expires_at }));
    await durable(ask('a', { ttl: 10 }));
    await durable(ask('a', { ttl: 10, network: 'other' }));
    pass(11_000);
    const swept = assert.rejects(networks.sweep(SCOPE), { code: 'conflict' });
    for (let tries = 0; tries < 100; tries++) {
      await settled();
      const [commit] = store.commits;
      if (!commit) break;
      if (tries < 16) commit.fail(new PoolError('conflict', 'another was first'));
      else commit.succeed();
    }
    await swept;
    assert.deepEqual([network.reservations.size, other.count], [0, 0]);
  });

  it('ends when others are first again and again', async () => {
    const { ask, pass, commit, durable, networks, store } = await startService();
    await durable(ask('a', { ttl: 10 }));
    pass(11_000);
    const swept = assert.rejects(networks.sweep(SCOPE), { code: 'conflict' });
    let tries = 0;
    await settled();
    while (store.commits.length > 0 && tries < 100) {
      tries++;
      commit().fail(new PoolError('conflict', 'another was first'));
      await settled();
    }
    assert.equal(tries, 16);
    await swept;
  });

  it('is waited for once, however many leases go on ending', async () => {
    const { ask, pass, commit, durable, hold } = await startService();
    await durable(ask('a', { ttl: 10 }));
    await durable(ask('b', { ttl: 20 }));
    for (const vm of ['x', 'y', 'z']) await hold(vm); // now it is full
    pass(11_000);
    const late = ask('c');
    await settled();
    assert.equal(commit().events[0]?.type, 'ip_released');
    pass(11_000); // b ends while the end of a is on its way to the disk
    commit().succeed();
    await settled();
    assert.deepEqual(
      commit().events.map(({ type }) => type),
      ['ip_allocated'],
    );
    commit().succeed();
    await late;
  });
});
