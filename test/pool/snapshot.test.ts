import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCidr } from '../../src/net/cidr.ts';
import { decideAllocate } from '../../src/pool/decide/allocate.ts';
import { decideAddNetwork, type NetworkSpec } from '../../src/pool/decide/network.ts';
import { decideRelease } from '../../src/pool/decide/release.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { admit } from '../../src/pool/invariants.ts';
import type { Network } from '../../src/pool/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import { snapshotOf } from '../../src/pool/snapshot.ts';
import { roundRobin } from '../../src/pool/strategy.ts';

const origin = { at: 1_700_000_000_000, actor: 'test', request_id: 'r' };

function poolOf(networks: readonly string[], settings: Partial<NetworkSpec> = {}): Pool {
  const pool = new Pool();
  networks.forEach((text, i) => {
    const cidr = parseCidr(text)!;
    const at = cidr.base + 3n;
    const wish = { gateway: { family: cidr.family, value: cidr.base + 1n }, ...settings };
    const excluded = [{ family: cidr.family, first: at, last: at }];
    for (const event of decideAddNetwork(pool, `n${i}`, { ...wish, cidr, excluded }, origin)) pool.apply(event);
  });
  return pool;
}

function allocate(pool: Pool, id: string, vm_id: string, hostname?: string, nic = '', wish = {}): string {
  const asked = { owner: { vm_id, nic }, attributes: { hostname }, ...wish };
  const [event] = decideAllocate(pool, pool.network(id), asked, roundRobin, origin);
  assert.ok(event?.type === 'ip_allocated');
  pool.apply(event);
  return event.ip;
}

function release(pool: Pool, id: string, vm_id: string): void {
  const network = pool.network(id);
  const held = network.byOwner({ vm_id, nic: '' })!;
  for (const event of decideRelease(network, held, 'released', origin)) pool.apply(event);
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
    assert.equal(copy.network('n1').byOwner({ vm_id: 'a', nic: 'eth1' })?.attributes.hostname, 'db');
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

  it('tells the time of what has left no other trace', () => {
    const pool = poolOf(['10.0.0.0/28']);
    allocate(pool, 'n0', 'a');
    const held = pool.network('n0').byOwner({ vm_id: 'a', nic: '' })!;
    const later = (seconds: number) => ({ ...origin, at: origin.at + seconds * 1000 });
    for (const event of decideRelease(pool.network('n0'), held, 'released', later(5))) pool.apply(event);
    assert.equal(rebuilt(snapshotOf(pool)).time, later(5).at);
    pool.apply({ type: 'network_removed', network: 'n0', cidr: '10.0.0.0/28', ...later(9) });
    const copy = rebuilt(snapshotOf(pool));
    assert.equal(copy.time, later(9).at);
    assert.deepEqual([...copy.networks], []);
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
    pool.network('n0').hold(5n, 5n);
    assert.deepEqual([...snapshotOf(pool)], before);
    assert.ok(rebuilt(snapshotOf(pool)).network('n0').free.has(5n));
  });

  it('holds every kind of fact: ranges, prefixes, leases, reservations and what is cooling', () => {
    const pool = poolOf(['fd00::/64'], { cooldown_seconds: 60, sticky_seconds: 600, name: 'lab', tags: ['a'] });
    const network = pool.network('n0');
    allocate(pool, 'n0', 'range', undefined, '', { count: 5 });
    allocate(pool, 'n0', 'prefix', undefined, '', { prefixLength: 80 });
    allocate(pool, 'n0', 'lease', 'db', '', { ttl: 60, attributes: { mac: '02:00:00:00:00:01', tags: ['b'] } });
    for (const event of [
      { type: 'reservation_added', reservation: 'r1', range: 'fd00::40-fd00::4f', reason: 'printers' },
      {
        type: 'reservation_added',
        reservation: 'r2',
        range: 'fd00::50',
        reason: 'x',
        vm_id: 'vm',
        nic: 'eth1',
        expires_at: 9,
      },
    ] as const) {
      pool.apply({ ...event, network: 'n0', ...origin });
    }
    allocate(pool, 'n0', 'gone');
    release(pool, 'n0', 'gone');
    pool.apply({
      ...settingsOf(network),
      type: 'network_updated',
      network: 'n0',
      ...origin,
      at: origin.at + 5,
      drain: true,
    });
    const copy = rebuilt(snapshotOf(pool));
    assert.deepEqual([...snapshotOf(copy)], [...snapshotOf(pool)]);
    const types = new Set([...snapshotOf(pool)].map(({ type }) => type));
    const expected = [
      'network_added',
      'reservation_added',
      'ip_allocated',
      'ip_remembered',
      'cursor_moved',
      'time_told',
    ];
    assert.deepEqual([...types], expected);
    assert.equal(copy.network('n0').updated_at, origin.at + 5);
    assert.equal(copy.network('n0').available, network.available);
    assert.deepEqual(copy.network('n0').reservations, network.reservations);
  });

  it('does not move a cursor that only requests have never moved', () => {
    const pool = poolOf(['10.0.0.0/28']);
    allocate(pool, 'n0', 'a', undefined, '', { ip: '10.0.0.9' });
    const copy = rebuilt(snapshotOf(pool));
    assert.equal(copy.network('n0').cursor, undefined);
    assert.equal(allocate(copy, 'n0', 'b'), '10.0.0.2');
  });

  it('restores what two owners had of the same address', () => {
    const pool = poolOf(['10.0.0.0/30'], { cooldown_seconds: 60, sticky_seconds: 600, cooldown_policy: 'oldest' });
    allocate(pool, 'n0', 'a'); // the only one
    release(pool, 'n0', 'a');
    allocate(pool, 'n0', 'b'); // the oldest of those that cool
    release(pool, 'n0', 'b');
    const copy = rebuilt(snapshotOf(pool));
    assert.equal(copy.network('n0').cooldown.cooling, 1n);
    assert.deepEqual([...snapshotOf(copy)], [...snapshotOf(pool)]);
  });

  it('restores that an owner has had something else since', () => {
    const pool = poolOf(['10.0.0.0/28'], { cooldown_seconds: 60 });
    const first = allocate(pool, 'n0', 'a');
    release(pool, 'n0', 'a');
    allocate(pool, 'n0', 'a', undefined, '', { ip: '10.0.0.9' });
    const copy = rebuilt(snapshotOf(pool));
    const owner = { vm_id: 'a', nic: '' };
    assert.equal(copy.network('n0').cooldown.of(owner), undefined);
    assert.equal(copy.network('n0').cooldown.at(copy.network('n0').offsetOf(first)!)?.vm_id, 'a');
    assert.deepEqual([...snapshotOf(copy)], [...snapshotOf(pool)]);
  });

  it('restores what is left of a range that is cooling', () => {
    const pool = poolOf(['10.0.0.0/29'], { cooldown_seconds: 60, sticky_seconds: 600, cooldown_policy: 'oldest' });
    allocate(pool, 'n0', 'a', undefined, '', { ip: '10.0.0.4', count: 3 });
    allocate(pool, 'n0', 'b');
    release(pool, 'n0', 'a');
    assert.equal(allocate(pool, 'n0', 'c'), '10.0.0.4', 'the oldest of those that cool');
    const copy = rebuilt(snapshotOf(pool));
    assert.equal(copy.network('n0').cooldown.cooling, 2n);
    assert.deepEqual([...snapshotOf(copy)], [...snapshotOf(pool)]);
    for (const one of [pool, copy]) assert.equal(allocate(one, 'n0', 'd'), '10.0.0.5');
  });

  it('can be read after a network has shrunk below its cursor and what was cooling', () => {
    const pool = poolOf(['10.0.0.0/28'], { cooldown_seconds: 60 });
    allocate(pool, 'n0', 'a', undefined, '', { count: 8 });
    release(pool, 'n0', 'a');
    pool.apply({
      ...settingsOf(pool.network('n0')),
      type: 'network_updated',
      network: 'n0',
      cidr: '10.0.0.0/29',
      ...origin,
    });
    const copy = rebuilt(snapshotOf(pool));
    assert.equal(copy.network('n0').cooldown.cooling, 0n);
    assert.equal(allocate(copy, 'n0', 'b'), '10.0.0.2');
  });
});

function settingsOf({ settings, cidrText }: Network) {
  return { ...settings, cidr: cidrText };
}
