import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { IpAllocated, IpReleased, PoolEvent } from '../../src/pool/events.ts';
import { allocationIdOf } from '../../src/service/allocation-id.ts';
import { resourceOf } from '../../src/pool/event-subject.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { createTestApp, NOW } from '../support/app.ts';
import { rejects, SCOPE } from '../support/service.ts';

const at = (seconds: number) => ({ at: NOW + seconds * 1000, actor: 'anna', request_id: 'r' });
const place = { network: 'default', nic: '' };
const given = (vm_id: string, ip: string, seconds: number, more: Partial<IpAllocated> = {}): IpAllocated => {
  return { type: 'ip_allocated', ...place, vm_id, ip, ...at(seconds), ...more };
};
const ended = (vm_id: string, ip: string, seconds: number, more: Partial<IpReleased> = {}): IpReleased => {
  return { type: 'ip_released', ...place, vm_id, ip, ...at(seconds), ...more };
};

async function all<T>(entries: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const entry of entries) found.push(entry);
  return found;
}

/** @param before what a snapshot told, of which history knows nothing */
async function start(before: readonly PoolEvent[], ...events: PoolEvent[]) {
  const store = new MemoryStore();
  const { pool, history: chronicle, pass } = await createTestApp({ store });
  for (const event of before) pool.apply(event);
  for (const event of events) await store.commit([event]);
  pass(1_000_000);
  const tenures = async (asked: { ip?: string; vmId?: string; at?: number }) =>
    (await all(chronicle.tenures(SCOPE, asked))).map(({ vm_id, ip, from, until }) => [
      vm_id,
      ip,
      (from - NOW) / 1000,
      until === undefined ? undefined : (until - NOW) / 1000,
    ]);
  return { chronicle, tenures, pool };
}

describe('chronicle.tenures of what is older than history', () => {
  const range = given('b', '172.16.0.16', 2, { end_ip: '172.16.0.31', hostname: 'web' });
  const old = [given('a', '172.16.0.9', 1), range];

  it('tells what still stands, without who gave it', async () => {
    const { tenures, chronicle } = await start(old);
    assert.deepEqual(await tenures({ ip: '172.16.0.9' }), [['a', '172.16.0.9', 1, undefined]]);
    assert.deepEqual(await tenures({ ip: '172.16.0.20' }), [['b', '172.16.0.16', 2, undefined]]);
    const [tenure] = await all(chronicle.tenures(SCOPE, { vmId: 'b' }));
    assert.deepEqual(tenure, {
      network: 'default',
      ip: '172.16.0.16',
      end_ip: '172.16.0.31',
      vm_id: 'b',
      nic: '',
      hostname: 'web',
      mac: undefined,
      from: NOW + 2000,
      until: undefined,
      reason: undefined,
      allocated_by: undefined,
      released_by: undefined,
    });
  });

  it('tells what has ended since, which knows when it began', async () => {
    const { tenures, chronicle } = await start(old, ended('a', '172.16.0.9', 5, { allocated_at: NOW + 1000 }));
    assert.deepEqual(await tenures({ ip: '172.16.0.9' }), [['a', '172.16.0.9', 1, 5]]);
    const [tenure] = await all(chronicle.tenures(SCOPE, { ip: '172.16.0.9' }));
    assert.deepEqual([tenure?.allocated_by, tenure?.released_by, tenure?.reason], [undefined, 'anna', 'released']);
  });

  it('tells it behind what history knows, the latest first', async () => {
    const c = [given('c', '172.16.0.50', 3), given('c', '172.16.0.40', 4, { nic: 'eth1' })];
    const { tenures } = await start(
      c,
      ended('c', '172.16.0.50', 9, { allocated_at: NOW + 3000 }),
      given('c', '172.16.0.60', 10, { nic: 'eth2' }),
    );
    assert.deepEqual(await tenures({ vmId: 'c' }), [
      ['c', '172.16.0.60', 10, undefined],
      ['c', '172.16.0.40', 4, undefined],
      ['c', '172.16.0.50', 3, 9],
    ]);
    assert.deepEqual(await tenures({ vmId: 'c', at: NOW + 3500 }), [['c', '172.16.0.50', 3, 9]]);
  });

  it('takes a release of version 1, which does not say when it began, for as long as is known', async () => {
    const { tenures, chronicle } = await start([], ended('a', '172.16.0.9', 5));
    assert.deepEqual(await tenures({ ip: '172.16.0.9', at: NOW }), [['a', '172.16.0.9', -NOW / 1000, 5]]);
    const { event } = await chronicle.endedById(SCOPE, allocationIdOf('172.16.0.9', NOW + 5000));
    assert.equal(event.vm_id, 'a');
  });

  it('knows the host name of a version 1 allocation that has ended', async () => {
    const { chronicle } = await start(
      [],
      given('a', '172.16.0.9', 1, { hostname: 'web' }),
      ended('a', '172.16.0.9', 5),
    );
    const [tenure] = await all(chronicle.tenures(SCOPE, { vmId: 'a' }));
    assert.deepEqual([tenure?.hostname, tenure?.from, tenure?.until], ['web', NOW + 1000, NOW + 5000]);
  });
});

describe('chronicle.tenures of leases', () => {
  const lease = given('a', '172.16.0.9', 1, { expires_at: NOW + 61_000 });
  const swept = ended('a', '172.16.0.9', 300, {
    reason: 'expired',
    allocated_at: NOW + 1000,
    expires_at: NOW + 61_000,
  });

  it('end when they ended, not when that was written down', async () => {
    const { tenures } = await start([], lease, swept, given('b', '172.16.0.9', 301));
    const [a, b] = [
      ['a', '172.16.0.9', 1, 61],
      ['b', '172.16.0.9', 301, undefined],
    ];
    assert.deepEqual(await tenures({ ip: '172.16.0.9' }), [b, a]);
    assert.deepEqual(await tenures({ ip: '172.16.0.9', at: NOW + 60_999 }), [a]);
    assert.deepEqual(await tenures({ ip: '172.16.0.9', at: NOW + 61_000 }), []);
  });

  it('end by themselves before anybody writes that down', async () => {
    for (const known of [[], [lease]]) {
      const { tenures, chronicle } = await start([lease], ...known);
      for (const asked of [{ ip: '172.16.0.9' }, { vmId: 'a' }]) {
        assert.deepEqual(await tenures(asked), [['a', '172.16.0.9', 1, 61]]);
        const [tenure] = await all(chronicle.tenures(SCOPE, asked));
        assert.deepEqual([tenure?.reason, tenure?.released_by], ['expired', undefined]);
      }
      assert.deepEqual(await tenures({ ip: '172.16.0.10' }), []);
      assert.deepEqual(await tenures({ vmId: 'b' }), []);
    }
  });

  it('end before that when they are released', async () => {
    const { tenures } = await start([], lease, ended('a', '172.16.0.9', 30, { expires_at: NOW + 61_000 }));
    assert.deepEqual(await tenures({ vmId: 'a' }), [['a', '172.16.0.9', 1, 30]]);
  });
});

describe('chronicle.endedById', () => {
  it('tells one that has ended, not the one before or behind it at the same address', async () => {
    const spans = [1, 3, 5].flatMap((from) => [
      given(`vm-${from}`, '172.16.0.9', from),
      ended(`vm-${from}`, '172.16.0.9', from + 1, { allocated_at: NOW + from * 1000 }),
    ]);
    const { chronicle } = await start([], ...spans);
    for (const from of [1, 3, 5]) {
      const found = await chronicle.endedById(SCOPE, allocationIdOf('172.16.0.9', NOW + from * 1000));
      assert.equal(found.event.vm_id, `vm-${from}`);
      assert.equal(found.network?.id, 'default');
    }
    for (const id of [allocationIdOf('172.16.0.9', NOW), allocationIdOf('172.16.0.8', NOW + 1000), 'nothing']) {
      await rejects(chronicle.endedById(SCOPE, id), 'allocation_not_found');
    }
  });
});

describe('resourceOf', () => {
  it('is the address, the range or the network that an event is about', () => {
    assert.equal(resourceOf(given('a', '172.16.0.9', 1)), '172.16.0.9');
    assert.equal(resourceOf(given('a', '172.16.0.9', 1, { end_ip: '172.16.0.12' })), '172.16.0.9-172.16.0.12');
    const settings = { network: 'net-1', excluded: [], strategy: 'lowest' } as const;
    assert.equal(resourceOf({ type: 'network_added', cidr: '10.0.0.0/8', ...settings, ...at(1) }), '10.0.0.0/8');
    assert.equal(resourceOf({ type: 'network_updated', ...settings, ...at(1) }), 'net-1');
    const reserved = { type: 'reservation_added', network: 'net-1', reservation: 'res-1', reason: '' } as const;
    assert.equal(resourceOf({ ...reserved, range: 'fd00::/64', ...at(1) }), 'fd00::/64');
  });
});
