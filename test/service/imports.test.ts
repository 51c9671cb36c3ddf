import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr } from '../../src/net/cidr.ts';
import type { AllocationRow, NetworkRow } from '../../src/service/imports.ts';
import { settled } from '../support/manual-store.ts';
import { isPending, rejects, SCOPE, startService } from '../support/service.ts';

async function start() {
  const service = await startService('10.0.0.0/29');
  const take = (networks: readonly NetworkRow[], allocations: readonly AllocationRow[], dryRun = false) =>
    service.imports.import(SCOPE, networks, allocations, dryRun);
  return { ...service, take };
}

const net = (text: string): NetworkRow => ({ cidr: parseCidr(text) ?? assert.fail(text) });
const row = (vm_id: string, ip?: string): AllocationRow => ({
  network: ip === undefined ? 'default' : undefined,
  owner: { vm_id, nic: '' },
  attributes: {},
  ip,
});

describe('imports.import', () => {
  it('writes networks and what is allocated in them in one commit, networks first', async () => {
    const { take, commit, durable } = await start();
    const taken = take([net('10.9.0.0/24')], [row('a', '10.9.0.7'), row('b')]);
    await settled();
    assert.deepEqual(
      commit().events.map(({ type }) => type),
      ['network_added', 'ip_allocated', 'ip_allocated'],
    );
    assert.deepEqual(await durable(taken), { networks: 1, allocations: 2, unchanged: 0, refused: [] });
  });

  it('changes nothing when the commit fails, and keeps nothing from others', async () => {
    const { take, commit, network, pool } = await start();
    const taken = take([net('10.9.0.0/24')], [row('a', '10.0.0.4'), row('b')]);
    await settled();
    assert.equal(network.free.count, 3n);
    commit().fail();
    await rejects(taken, 'storage_full');
    assert.deepEqual([network.free.count, network.count, [...pool.networks].length], [5n, 0, 1]);
  });

  it('keeps nothing from others after a dry run, nor when a row is refused', async () => {
    const { take, network, store } = await start();
    assert.equal((await take([], [row('a', '10.0.0.4'), row('b')], true)).allocations, 2);
    assert.equal(network.free.count, 5n);
    const { refused, allocations } = await take([], [row('a', '10.0.0.4'), row('b', '10.0.0.1')]);
    assert.deepEqual([refused.length, allocations], [1, 0]);
    assert.deepEqual([network.free.count, store.commits.length], [5n, 0]);
  });

  it('waits for what is under way, and sees what came of it', async () => {
    const { take, allocate, commit, durable } = await start();
    const asked = allocate('a');
    await settled();
    const taken = take([], [row('b', '10.0.0.2')]);
    assert.equal(await isPending(taken), true);
    commit().succeed();
    await asked;
    const { refused } = await durable(taken);
    assert.deepEqual(
      refused.map(({ error }) => error.code),
      ['address_taken'],
    );
  });

  it('keeps those who ask meanwhile waiting, so that both are not given the same', async () => {
    const { take, ask, commit, durable } = await start();
    const taken = take([], [row('a', '10.0.0.2')]);
    await settled();
    const asked = ask('b', { ip: '10.0.0.2' });
    assert.equal(await isPending(asked), true);
    commit().succeed();
    await taken;
    await rejects(durable(asked), 'address_taken');
  });

  it('ends leases that are over first', async () => {
    const { take, ask, durable, pass } = await start();
    await durable(ask('a', { ip: '10.0.0.4', ttl: 10 }));
    pass(11_000);
    const taken = await durable(take([], [row('b', '10.0.0.4')]));
    assert.deepEqual(taken, { networks: 0, allocations: 1, unchanged: 0, refused: [] });
  });
});
