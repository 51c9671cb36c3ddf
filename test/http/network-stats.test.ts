import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkStats } from '../../src/api/networks.ts';
import { startSite } from '../support/site.ts';

const PARTS = ['allocated_ips', 'available_ips', 'reserved_ips', 'cooling_ips'] as const;

function assertAddsUp(stats: NetworkStats): void {
  const sum = PARTS.reduce((total, name) => total + BigInt(stats[name]), 0n);
  assert.equal(sum, BigInt(stats.total_ips), JSON.stringify(stats));
}

describe('GET /api/v1/networks/{id}/stats', () => {
  it('counts the whole CIDR, and the four parts always add up to it', async () => {
    const { add, give, post, patch, stats, pass } = await startSite();
    const { id } = await add('10.1.0.0/24', {
      gateway: '10.1.0.1',
      excluded: ['10.1.0.10-10.1.0.19'],
      cooldown_seconds: 60,
    });
    const seen: NetworkStats[] = [];
    const look = async () => {
      const found = await stats(id);
      assertAddsUp(found);
      seen.push(found);
    };
    await look();
    assert.deepEqual(seen[0], {
      ...{
        network_id: id,
        cidr: '10.1.0.0/24',
        total_ips: 256,
        allocated_ips: 0,
        available_ips: 243,
        reserved_ips: 13,
      },
      ...{ cooling_ips: 0, utilization_percent: 0, first_available: '10.1.0.2', last_allocated: null },
    });
    const first = await give({ network: id, vm_id: 'a' });
    await give({ network: id, vm_id: 'b', count: 5 });
    await look();
    await post(`/networks/${id}/reservations`, { range: '10.1.0.100-10.1.0.109', reason: 'x' });
    await look();
    await post(`/allocations/${first.id}/release`);
    await look();
    assert.deepEqual(seen[3], {
      ...{
        network_id: id,
        cidr: '10.1.0.0/24',
        total_ips: 256,
        allocated_ips: 5,
        available_ips: 227,
        reserved_ips: 23,
      },
      ...{
        cooling_ips: 1,
        utilization_percent: (5 / 233) * 100,
        first_available: '10.1.0.8',
        last_allocated: '10.1.0.7',
      },
    });
    await patch(`/networks/${id}`, { excluded: ['10.1.0.0/25'] }); // over what is held and what is cooling
    await look();
    await patch(`/networks/${id}`, { cidr: '10.1.0.0/23', excluded: [], gateway: null });
    await look();
    pass(60_000);
    await look();
    assert.equal(seen.at(-1)?.cooling_ips, 0);
    assert.equal(seen.at(-1)?.total_ips, 512);
  });

  it('gives out the first host of a network without a gateway, and all of a /31, /32, /127 and /128', async () => {
    const { add, give, stats } = await startSite();
    for (const [cidr, first, usable] of [
      ['10.1.0.0/24', '10.1.0.1', 254],
      ['10.2.0.0/31', '10.2.0.0', 2],
      ['10.3.0.7/32', '10.3.0.7', 1],
      ['fd00:2::/127', 'fd00:2::', 2],
      ['fd00:3::7/128', 'fd00:3::7', 1],
    ] as const) {
      const { id } = await add(cidr);
      assert.equal((await stats(id)).available_ips, usable, cidr);
      assert.equal((await give({ network: id, vm_id: 'a' })).ip, first);
      assertAddsUp(await stats(id));
    }
  });

  it('says counts beyond 2^53 as digits, with a float beside each', async () => {
    const { add, give, stats } = await startSite();
    const { id } = await add('fd00:1::/64');
    await give({ network: id, vm_id: 'a' });
    const found = await stats(id);
    assertAddsUp(found);
    assert.deepEqual(found, {
      ...{ network_id: id, cidr: 'fd00:1::/64', total_ips: '18446744073709551616', allocated_ips: 1 },
      ...{ available_ips: '18446744073709551614', reserved_ips: 1, cooling_ips: 0 },
      ...{ total_ips_float: 2 ** 64, allocated_ips_float: 1, available_ips_float: 2 ** 64 },
      ...{ reserved_ips_float: 1, cooling_ips_float: 0, utilization_percent: (1 / 2 ** 64) * 100 },
      ...{ first_available: 'fd00:1::2', last_allocated: 'fd00:1::1' },
    });
    assert.equal('total_ips_float' in (await stats('default')), false);
  });

  it('tells what is free as ranges when asked to', async () => {
    const { add, give, get } = await startSite();
    const { id } = await add('10.1.0.0/28', {
      ranges: ['10.1.0.2-10.1.0.5', '10.1.0.8-10.1.0.12'],
      excluded: ['10.1.0.10'],
    });
    await give({ network: id, vm_id: 'a', ip: '10.1.0.3' });
    const ranges = async (query: string) => (await get<NetworkStats>(`/networks/${id}/stats${query}`)).body.free_ranges;
    const free = ['10.1.0.2', '10.1.0.4-10.1.0.5', '10.1.0.8-10.1.0.9', '10.1.0.11-10.1.0.12'];
    assert.deepEqual(await ranges('?free_ranges=true'), free);
    assert.equal(await ranges(''), undefined);
    const six = await add('fd00:1::/64');
    const { body } = await get<NetworkStats>(`/networks/${six.id}/stats?free_ranges=1`);
    assert.deepEqual(body.free_ranges, ['fd00:1::1-fd00:1::ffff:ffff:ffff:ffff']);
  });
});
