import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr } from '../../src/net/cidr.ts';
import { parseRange } from '../../src/net/range.ts';
import { settled } from '../support/manual-store.ts';
import { ELSEWHERE, ipOf, isPending, rejects, SCOPE, startService, wish } from '../support/service.ts';

const cidr = (text: string) => parseCidr(text) ?? assert.fail(text);
const range = (text: string) => parseRange(text) ?? assert.fail(text);

describe('a network that another node has just added', () => {
  async function elsewhere() {
    const service = await startService();
    const { store, listing, networks, history: chronicle } = service;
    store.barriers = 0;
    store.atBarrier = () => {
      store.atBarrier = () => undefined;
      const { at, actor, request_id } = ELSEWHERE;
      const origin = { at, actor, request_id };
      const shape = { cidr: '10.3.0.0/29', excluded: [], strategy: 'lowest', name: 'new' } as const;
      store.deliver({ type: 'network_added', network: 'n3', ...shape, ...origin });
    };
    const list = async (network: string) => {
      let count = 0;
      for await (const slice of listing.list(SCOPE, { network })) count += slice.length;
      return count;
    };
    const ended = (network: string) => chronicle.ended(SCOPE, { network }, undefined).next();
    return { store, list, ended, stats: (network: string) => networks.stats(SCOPE, network) };
  }

  it('has a list and stats at once', async () => {
    assert.equal(await (await elsewhere()).list('new'), 0);
    assert.equal((await (await elsewhere()).stats('n3')).total, 8n);
    assert.equal((await (await elsewhere()).ended('new')).done, true);
  });

  it('costs those nothing who ask for one that is known', async () => {
    const { store, list, stats, ended } = await elsewhere();
    await list('default');
    await stats('default');
    await ended('default');
    assert.equal(store.barriers, 0);
    await rejects(list('none'), 'network_not_found');
    assert.equal(store.barriers, 1);
  });
});

describe('a change of a network', () => {
  it('waits for an allocation that is under way in it, and sees how that ended', async () => {
    const { ask, networks, commit, store } = await startService();
    const held = ask('a');
    await settled();
    const removed = networks.remove(SCOPE, 'default', false);
    assert.equal(await isPending(removed), true);
    assert.equal(store.commits.length, 1);
    commit().succeed();
    await held;
    await rejects(removed, 'network_in_use');
  });

  it('goes on when the allocation that it waited for failed', async () => {
    const { ask, networks, commit, pool } = await startService();
    const held = ask('a');
    await settled();
    const removed = networks.remove(SCOPE, 'default', false);
    await settled();
    commit().fail();
    await rejects(held, 'storage_full');
    await settled();
    assert.deepEqual(commit().events, [
      {
        type: 'network_removed',
        network: 'default',
        cidr: '10.0.0.0/29',
        at: ELSEWHERE.at,
        actor: 'anna',
        request_id: 'r-1',
      },
    ]);
    commit().succeed();
    await removed;
    assert.equal(pool.find('default'), undefined);
  });

  it('keeps allocations waiting, which see the network as it is then', async () => {
    const { ask, networks, commit, store } = await startService();
    const drained = networks.update(SCOPE, 'default', { drain: true });
    await settled();
    const late = ask('a');
    assert.equal(await isPending(late), true);
    assert.equal(store.commits.length, 1);
    commit().succeed();
    await drained;
    await rejects(late, 'network_draining');
  });

  it('that fails changes nothing, and those who waited go on', async () => {
    const { ask, networks, commit, network } = await startService();
    const drained = networks.update(SCOPE, 'default', { drain: true });
    await settled();
    const late = ask('a');
    await settled();
    commit().fail();
    await rejects(drained, 'storage_full');
    await settled();
    commit().succeed();
    assert.equal(ipOf(await late), '10.0.0.2');
    assert.equal(network.settings.drain, undefined);
  });

  it('that is removed while an allocation waits is not found by it', async () => {
    const { ask, release, networks, commit } = await startService();
    const removed = networks.remove(SCOPE, 'default', false);
    await settled();
    const [late, gone] = [ask('a'), release('a')];
    await settled();
    commit().succeed();
    await removed;
    await rejects(late, 'network_not_found');
    await rejects(gone, 'network_not_found');
  });

  it('does not wait for, nor hold up, what is under way in another', async () => {
    const { add, askAll, ask, networks, commit, store } = await startService();
    await add('10.1.0.0/29', 'other');
    const held = ask('a', { network: 'other' });
    await settled();
    const drained = networks.update(SCOPE, 'default', { drain: true });
    await settled();
    assert.equal(store.commits.length, 2);
    const second = ask('b', { network: 'other' });
    await settled();
    assert.equal(store.commits.length, 3);
    const both = askAll(wish('c'), wish('c', { network: 'other' }));
    assert.equal(await isPending(both), true); // it concerns both
    assert.equal(store.commits.length, 3);
    while (store.commits.length > 0) commit().succeed();
    await Promise.all([held, drained, second]);
    await rejects(both, 'network_draining');
  });

  it('waits for another change of a network: two that overlap never both stand', async () => {
    const { networks, commit, store, pool } = await startService();
    const first = networks.add(SCOPE, { cidr: cidr('10.9.0.0/24') }, 'one');
    const second = networks.add(SCOPE, { cidr: cidr('10.9.0.128/25') }, 'two');
    await settled();
    assert.equal(store.commits.length, 1);
    commit().succeed();
    await first;
    await rejects(second, 'network_overlap');
    assert.deepEqual(
      [...pool.networks].map(({ id }) => id),
      ['default', 'one'],
    );
  });

  it('reserves nothing that is being given, and gives nothing that is being reserved', async () => {
    const { ask, networks, commit } = await startService();
    const reservation = {
      range: range('10.0.0.2-10.0.0.4'),
      reason: 'printers',
      owner: undefined,
      expires_at: undefined,
    };
    const held = ask('a');
    await settled();
    const refused = networks.reserve(SCOPE, 'default', reservation);
    await settled();
    commit().succeed();
    assert.equal(ipOf(await held), '10.0.0.2');
    await rejects(refused, 'address_taken');

    const reserved = networks.reserve(SCOPE, 'default', { ...reservation, range: range('10.0.0.3-10.0.0.5') });
    await settled();
    const late = ask('b');
    await settled();
    commit().succeed();
    await reserved;
    await settled();
    commit().succeed();
    assert.equal(ipOf(await late), '10.0.0.6');
  });

  it('says "in use" and "overlaps" only after a barrier, behind which it may be otherwise', async () => {
    const { hold, networks, store, commit } = await startService();
    await hold('a');
    store.barriers = 0;
    await rejects(networks.remove(SCOPE, 'default', false), 'network_in_use');
    await rejects(networks.add(SCOPE, { cidr: cidr('10.0.0.0/8') }, 'one'), 'network_overlap');
    assert.equal(store.barriers, 2);
    store.atBarrier = () => store.deliver({ type: 'ip_released', ip: '10.0.0.2', vm_id: 'a', ...ELSEWHERE });
    const removed = networks.remove(SCOPE, 'default', false);
    await settled();
    commit().succeed();
    await removed;
  });
});
