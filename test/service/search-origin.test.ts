import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IpAllocated, PoolEvent } from '../../src/pool/events.ts';
import { snapshotOf } from '../../src/pool/snapshot.ts';
import { Pool } from '../../src/pool/pool.ts';
import { SearchOrigin } from '../../src/service/search-origin.ts';

const ORIGIN = { at: 1, actor: 'test', request_id: 'r' };

function given(ip: string, more: Partial<IpAllocated> = {}): IpAllocated {
  return { type: 'ip_allocated', network: 'n', ip, vm_id: `vm-${ip}`, nic: '', ...ORIGIN, ...more };
}

/** A network whose search has come to 10.0.0.100; the next place is 10.0.128.0. */
function site() {
  const pool = new Pool();
  const network: PoolEvent = {
    type: 'network_added',
    network: 'n',
    cidr: '10.0.0.0/16',
    excluded: [],
    strategy: 'round-robin',
    ...ORIGIN,
  };
  for (const event of [network, given('10.0.0.100')]) pool.apply(event);
  const scatter = new SearchOrigin(pool, () => 0.5);
  const at = () => {
    const { searchCursor } = pool.network('n');
    return searchCursor === undefined ? undefined : pool.network('n').ipAt(searchCursor);
  };
  return { pool, scatter, at };
}

describe('scatter', () => {
  it('is no state: a snapshot has the cursor that allocations have left', () => {
    const { pool, scatter, at } = site();
    const before = JSON.stringify([...snapshotOf(pool)]);
    scatter.moveAll();
    assert.equal(at(), '10.0.128.0');
    assert.equal(JSON.stringify([...snapshotOf(pool)]), before);
  });

  it('ends with the next allocation of this node', () => {
    const { pool, scatter, at } = site();
    scatter.moveAll();
    pool.apply(given('10.0.128.1'));
    assert.equal(at(), '10.0.128.1');
  });

  it('takes in what others give without going on behind it', () => {
    const { pool, scatter, at } = site();
    pool.apply(scatter.adopt(given('10.0.9.1')));
    assert.equal(pool.network('n').allocated, 2n);
    assert.equal(at(), '10.0.0.100');
  });

  it('leaves a place in which another node gives addresses, before they meet', () => {
    for (const [ip, place] of [
      ['10.0.0.100', '10.0.128.0'],
      ['10.0.1.99', '10.0.128.0'],
      ['10.0.1.100', '10.0.0.100'],
      ['10.0.0.99', '10.0.0.100'],
    ] as const) {
      const { scatter, at } = site();
      scatter.adopt(given(ip));
      assert.equal(at(), place, ip);
    }
  });

  it('stays when somebody asked for an address by name, and where it has not searched yet', () => {
    const { scatter, at } = site();
    scatter.adopt(given('10.0.0.101', { requested: true }));
    assert.equal(at(), '10.0.0.100');
    scatter.adopt(given('10.9.0.1', { network: 'unknown' }));
  });

  it('leaves a place where another node was first', () => {
    const { scatter, at } = site();
    scatter.overtaken([given('10.0.0.101')]);
    assert.equal(at(), '10.0.128.0');
    scatter.overtaken([given('10.0.0.101', { network: 'unknown' })]);
  });
});
