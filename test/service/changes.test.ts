import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr } from '../../src/net/cidr.ts';
import { parseRange } from '../../src/net/range.ts';
import { PoolError } from '../../src/pool/errors.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { violation } from '../../src/pool/invariants.ts';
import { Pool } from '../../src/pool/pool.ts';
import { NOW } from '../support/app.ts';
import { settled } from '../support/held-store.ts';
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
  const PATIENCE = { patienceMs: 100 };
  /** All but the machine's own time. */
  const inTime = async (...promises: Promise<unknown>[]) => {
    const started = performance.now();
    for (const promise of promises) await assert.rejects(promise, { code: 'store_unavailable' });
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

describe('the sweeper', () => {
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
    const { ask, pass, commit, durable } = await startService();
    await durable(ask('a', { ttl: 10 }));
    await durable(ask('b', { ttl: 20 }));
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
