import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr } from '../../src/net/cidr.ts';
import { decideAddNetwork, decideAllocate, decideRelease } from '../../src/pool/decide.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { admit } from '../../src/pool/invariants.ts';
import { Pool } from '../../src/pool/pool.ts';
import { snapshotOf } from '../../src/pool/snapshot.ts';
import { roundRobin } from '../../src/pool/strategy.ts';

const origin = { at: 1_700_000_000_000, actor: 'test', request_id: 'r' };

function poolOf(networks: readonly string[]): Pool {
  const pool = new Pool();
  networks.forEach((text, i) => {
    const cidr = parseCidr(text)!;
    const excluded = [{ first: cidr.base + 3, last: cidr.base + 3 }];
    const request = { cidr, gateway: undefined, excluded, strategy: 'round-robin' } as const;
    for (const event of decideAddNetwork(`n${i}`, request, origin)) pool.apply(event);
  });
  return pool;
}

function allocate(pool: Pool, id: string, vm_id: string, hostname?: string, nic = ''): string {
  const [event] = decideAllocate(pool.network(id), { vm_id, nic }, hostname, roundRobin, origin);
  assert.ok(event?.type === 'ip_allocated');
  pool.apply(event);
  return event.ip;
}

function release(pool: Pool, id: string, vm_id: string): void {
  const network = pool.network(id);
  for (const event of decideRelease(network, network.byOwner({ vm_id, nic: '' })!, origin)) pool.apply(event);
}

function rebuilt(events: Iterable<PoolEvent>): Pool {
  const pool = new Pool();
  for (const event of events) assert.equal(admit(pool, event), undefined);
  return pool;
}

describe('pool.snapshotOf', () => {
  it('of nothing is nothing', () => assert.deepEqual([...snapshotOf(new Pool())], []));

  it('holds several networks with their settings, nics and hostnames', () => {
    const pool = poolOf(['10.0.0.0/29', '192.168.0.0/24']);
    allocate(pool, 'n0', 'a', 'web');
    allocate(pool, 'n1', 'a');
    allocate(pool, 'n1', 'a', 'db', 'eth1');
    const copy = rebuilt(snapshotOf(pool));
    assert.deepEqual([...snapshotOf(copy)], [...snapshotOf(pool)]);
    assert.equal(copy.network('n1').byOwner({ vm_id: 'a', nic: 'eth1' })?.hostname, 'db');
    assert.deepEqual(copy.network('n0').settings, pool.network('n0').settings);
    assert.equal(copy.network('n0').gateway, pool.network('n0').gateway);
  });

  it('lets round robin go on where it was, also behind a release', () => {
    const pool = poolOf(['10.0.0.0/28']);
    for (const vm of ['a', 'b', 'c']) allocate(pool, 'n0', vm);
    release(pool, 'n0', 'c');
    const copy = rebuilt(snapshotOf(pool));
    assert.equal(allocate(copy, 'n0', 'd'), allocate(pool, 'n0', 'd'));
    release(pool, 'n0', 'a');
    release(pool, 'n0', 'b');
    release(pool, 'n0', 'd');
    assert.equal(allocate(rebuilt(snapshotOf(pool)), 'n0', 'e'), allocate(pool, 'n0', 'e'), 'an empty pool, too');
  });

  it('keeps an address that was excluded after it was given', () => {
    const pool = poolOf(['10.0.0.0/28']);
    const ip = allocate(pool, 'n0', 'a');
    const excluded = [...pool.network('n0').settings.excluded, ip];
    pool.apply({ type: 'network_updated', network: 'n0', excluded, strategy: 'lowest', ...origin });
    const copy = rebuilt(snapshotOf(pool));
    release(copy, 'n0', 'a');
    assert.equal(copy.network('n0').free.has(copy.network('n0').offsetOf(ip)!), false);
  });

  it('is the state of when it was asked for, however late its events are', () => {
    const pool = poolOf(['10.0.0.0/28', '10.1.0.0/28']);
    allocate(pool, 'n0', 'a', 'web');
    allocate(pool, 'n1', 'b');
    const expected = [...snapshotOf(pool)];
    const events: PoolEvent[] = [];
    for (const event of snapshotOf(pool)) {
      const i = events.push(event);
      allocate(pool, 'n1', `late${i}`);
      if (i === 1) release(pool, 'n0', 'a');
      if (i === 3) release(pool, 'n1', 'b');
      pool.apply({ type: 'network_updated', network: 'n1', excluded: [], strategy: 'lowest', ...origin });
    }
    assert.deepEqual(events, expected);
  });

  it('shows nothing that is not durable yet', () => {
    const pool = poolOf(['10.0.0.0/28']);
    const before = [...snapshotOf(pool)];
    pool.network('n0').hold(5);
    assert.deepEqual([...snapshotOf(pool)], before);
    assert.ok(rebuilt(snapshotOf(pool)).network('n0').free.has(5));
  });
});
