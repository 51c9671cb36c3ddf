import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../src/pool/events.ts';
import { AllocationIds } from '../../src/service/allocation-id.ts';
import { NOW } from '../support/app.ts';
import { settled } from '../support/manual-store.ts';
import { ipOf, isPending, rejects, SCOPE, startService, wish } from '../support/service.ts';

const allocationIdOf = (ip: string, allocated_at: number) =>
  new AllocationIds().ofDerived({ vrf: 'default', ip, allocated_at });

const MINUTE = 60_000;
const facts = (event: PoolEvent | undefined) =>
  event?.type === 'ip_released' ? { ip: event.ip, vm_id: event.vm_id, reason: event.reason } : event?.type;

/** `a` holds 10.0.0.2 for a minute. */
async function startLeased(cidr?: string, options = {}) {
  const service = await startService(cidr, options);
  await service.durable(service.ask('a', { ttl: 60 }));
  return {
    ...service,
    list: async (filter = {}) => {
      const found: string[] = [];
      for await (const slice of service.listing.list(SCOPE, filter)) found.push(...slice.map(ipOf));
      return found;
    },
    sweep: () => service.networks.sweep({ actor: 'ippool', requestId: 'expiry' }),
  };
}

describe('a lease', () => {
  it('ends when its time is over, not a millisecond before; nobody sees it then, written down or not', async () => {
    const { get, list, pass, store, commit, allocations, listing, network } = await startLeased();
    const [held] = [...network.allocations()];
    const id = allocationIdOf('10.0.0.2', held?.allocated_at ?? 0);
    pass(MINUTE - 1);
    assert.equal(ipOf(await get('a')), '10.0.0.2');
    assert.equal(ipOf(await listing.byId(SCOPE, id)), '10.0.0.2');
    assert.deepEqual(await list(), ['10.0.0.2']);
    pass(1);
    await rejects(get('a'), 'allocation_not_found');
    await rejects(listing.byId(SCOPE, id), 'allocation_not_found');
    for (const filter of [{}, { ip: '10.0.0.2' }, { vmId: 'a' }]) assert.deepEqual(await list(filter), []);
    assert.equal(store.commits.length, 0);
    const renewed = allocations.renew(SCOPE, id, 60);
    await settled();
    assert.deepEqual(commit().events.map(facts), [{ ip: '10.0.0.2', vm_id: 'a', reason: 'expired' }]);
    commit().succeed();
    await rejects(renewed, 'allocation_not_found');
  });

  it('that has ended is released by the sweeper, by a commit of its own', async () => {
    const { sweep, pass, commit, store, visible } = await startLeased();
    await sweep();
    assert.equal(store.commits.length, 0);
    pass(MINUTE);
    const swept = sweep();
    await settled();
    const [event] = commit().events;
    assert.deepEqual(event, {
      type: 'ip_released',
      ...{ network: 'default', ip: '10.0.0.2', vm_id: 'a', nic: '', reason: 'expired' },
      ...{ allocated_at: NOW, expires_at: NOW + MINUTE, ttl: 60, at: NOW + MINUTE },
      ...{ actor: 'ippool', request_id: 'expiry' },
    });
    commit().succeed();
    await swept;
    assert.deepEqual(visible(), []);
    await sweep();
    assert.equal(store.commits.length, 0);
  });

  it('that has ended is released before somebody else is told that there is no address', async () => {
    const { ask, pass, commit, durable } = await startLeased('10.0.0.0/30');
    await rejects(ask('b'), 'pool_exhausted');
    pass(MINUTE);
    const late = ask('b');
    await settled();
    assert.deepEqual(commit().events.map(facts), [{ ip: '10.0.0.2', vm_id: 'a', reason: 'expired' }]);
    assert.equal(ipOf(await durable(late)), '10.0.0.2');
  });

  it('that has ended does not come to life again when its owner asks: it gets a new one', async () => {
    const { ask, pass, durable } = await startLeased();
    pass(MINUTE);
    const again = await durable(ask('a', { ttl: 60 }));
    assert.equal(again.created, true);
    assert.equal(again.allocation.allocated_at, NOW + MINUTE);
  });

  it('is not in the way of a change of its network once it has ended', async () => {
    const { networks, pass, durable, pool } = await startLeased();
    await rejects(networks.remove(SCOPE, 'default', false), 'network_in_use');
    pass(MINUTE);
    await durable(networks.remove(SCOPE, 'default', false));
    assert.equal(pool.find('default'), undefined);
  });

  it('is released once, whoever comes first: its owner or the sweeper', async () => {
    for (const first of ['owner', 'sweeper']) {
      const { release, releaseByIp, sweep, pass, commit, store, visible } = await startLeased();
      if (first === 'sweeper') pass(MINUTE);
      const released = first === 'owner' ? release('a') : undefined;
      await settled();
      pass(MINUTE);
      const swept = sweep();
      const [late, byIp] = [release('a'), releaseByIp('10.0.0.2')];
      assert.equal(await isPending(swept), true);
      assert.equal(store.commits.length, 1);
      commit().succeed();
      await released;
      await swept;
      await rejects(late, 'allocation_not_found');
      await rejects(byIp, 'allocation_not_found');
      assert.equal(store.commits.length, 0);
      assert.deepEqual(visible(), []);
    }
  });

  it('lasts while it is renewed, and a renewal that is under way is waited for', async () => {
    const { ask, sweep, pass, commit, store, visible } = await startLeased();
    pass(MINUTE - 1);
    const renewed = ask('a', { ttl: 60 });
    await settled();
    pass(1);
    const swept = sweep();
    assert.equal(await isPending(swept), true);
    commit().succeed();
    assert.equal((await renewed).created, false);
    await swept;
    assert.equal(store.commits.length, 0);
    assert.deepEqual(visible(), ['a']);
    pass(MINUTE - 2);
    await sweep();
    assert.equal(store.commits.length, 0);
  });

  it('lasts as long as it was given for when the clock on the wall is put back', async () => {
    const { get, clock, pass } = await startLeased();
    clock.now -= 60 * MINUTE;
    pass(MINUTE - 1);
    assert.equal(ipOf(await get('a')), '10.0.0.2');
    pass(1);
    await rejects(get('a'), 'allocation_not_found');
  });
});

describe('a lease that has ended while the disk is full', () => {
  async function startFull() {
    const service = await startLeased();
    await service.durable(service.ask('b'));
    service.pass(MINUTE);
    /** Refuses all commits until a request has ended. */
    const full = async <T>(change: Promise<T>): Promise<T> => {
      const ended = { yet: false };
      const end = () => (ended.yet = true);
      change.then(end, end);
      for (;;) {
        await settled();
        if (ended.yet) return change;
        for (const commit of [...service.store.commits]) commit.fail();
      }
    };
    return { ...service, full };
  }

  it('does not keep others from being told what they hold', async () => {
    const { ask, full, list, get } = await startFull();
    const again = await full(ask('b'));
    assert.equal(again.created, false);
    assert.deepEqual(await list(), ['10.0.0.3']);
    await rejects(get('a'), 'allocation_not_found');
  });

  it('is not given to its owner again, nor its address to others', async () => {
    const { ask, full, network } = await startFull();
    await rejects(full(ask('a')), 'storage_full');
    await rejects(full(ask('c', { ip: '10.0.0.2' })), 'address_taken');
    await rejects(full(ask('c')), 'storage_full');
    assert.equal(network.free.count, 3n);
  });

  it('is released as soon as there is room', async () => {
    const { ask, sweep, full, durable, visible } = await startFull();
    await rejects(full(sweep()), 'storage_full');
    assert.deepEqual(visible(), ['a', 'b']);
    await durable(sweep());
    assert.deepEqual(visible(), ['b']);
    assert.equal(ipOf(await durable(ask('c', { ip: '10.0.0.2' }))), '10.0.0.2');
  });
});

describe('many leases', () => {
  it('that end together are released in few commits', async () => {
    const { askAll, durable, networks, pass, store, commit, network } = await startService('10.0.0.0/20');
    const requests = Array.from({ length: 2500 }, (_, i) => wish(`vm-${i}`, { ttl: 60 }));
    await durable(askAll(...requests));
    pass(MINUTE);
    const swept = networks.sweep(SCOPE);
    let commits = 0;
    for (; network.count > 0; commits++) {
      await settled();
      assert.ok((store.commits[0]?.events.length ?? 0) <= 1000);
      commit().succeed();
    }
    await swept;
    assert.equal(commits, 3);
  });
});
