import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NetworkAllocation } from '../../src/api/allocations.ts';
import type { Network } from '../../src/api/networks.ts';
import { at, startIntake } from './imports.ts';

describe('POST /api/v1/import', () => {
  it('takes networks and what is allocated in them, of both families, in one go', async () => {
    const { taken, ips, get, stats } = await startIntake();
    const rows = {
      networks: [
        { cidr: '10.1.0.0/24', gateway: '10.1.0.1', name: 'vms', tags: ['a'], excluded: ['10.1.0.200-10.1.0.250'] },
        { cidr: 'fd00::/56', name: 'six' },
      ],
      allocations: [
        { ip: '10.1.0.9', vm_id: 'vm-9', nic: 'eth1', hostname: 'web-9', mac: '52-54-00-00-00-09', tags: ['a'] },
        { network: 'vms', ip: '10.1.0.16', count: 8 },
        { network: '10.1.0.0/24', vm_id: 'vm-10' },
        { ip: 'FD00:0::7', vm_id: 'vm-9' },
        { network: 'six', prefix_length: 64, vm_id: 'vm-11', ip: 'fd00:0:0:5::' },
        at(7),
      ],
    };
    assert.deepEqual(await taken(rows), { networks: 2, allocations: 6, unchanged: 0 });
    const all = [
      '10.1.0.2',
      '10.1.0.9',
      '10.1.0.16',
      '172.16.0.2',
      '172.16.0.3',
      '172.16.0.7',
      'fd00::7',
      'fd00:0:0:5::',
    ];
    assert.deepEqual(await ips(''), all);
    const [nine] = (await get<NetworkAllocation[]>('/allocations?ip=10.1.0.9')).body;
    assert.deepEqual([nine?.nic, nine?.hostname, nine?.mac, nine?.tags], ['eth1', 'web-9', '52:54:00:00:00:09', ['a']]);
    assert.equal((await get<Network>('/networks/vms')).body.gateway, '10.1.0.1');
    assert.equal((await stats('vms')).allocated_ips, 10);
  });

  it('says in a dry run what would happen, changes nothing, and keeps nothing from others', async () => {
    const { taken, state, give, ips } = await startIntake();
    const before = await state();
    const rows = { networks: [{ cidr: '10.1.0.0/24', name: 'vms' }], allocations: [at(7), { network: 'vms' }] };
    assert.deepEqual(await taken(rows, '?dry_run=true'), { networks: 1, allocations: 2, unchanged: 0 });
    assert.deepEqual(await state(), before);
    await give({ network: 'default', vm_id: 'other', ip: '172.16.0.7' });
    assert.deepEqual(await ips('?vm_id=other'), ['172.16.0.7']);
  });

  it('keeps nothing from others when it is refused', async () => {
    const { refused, give, stats } = await startIntake();
    const before = await stats('default');
    await refused({ allocations: [at(7), { network: 'default', count: 16 }, at(1)] });
    assert.deepEqual(await stats('default'), before);
    await give({ network: 'default', vm_id: 'other', ip: '172.16.0.7' });
    assert.equal((await give({ network: 'default', vm_id: 'next' })).ip, '172.16.0.4');
  });

  it('takes back what was exported, unchanged, as often as one likes', async () => {
    const { taken, state, give, add } = await startIntake();
    await add('fd00::/56', { name: 'six', cooldown_seconds: 60 });
    await give({ network: 'six', vm_id: 'vm-1', prefix_length: 64 });
    await give({ network: 'default', vm_id: 'vm-1', nic: 'eth1', count: 5, tags: ['a', 'b'], description: 'five' });
    const before = await state();
    const rows = {
      networks: [
        { cidr: '172.16.0.0/24', gateway: '172.16.0.1' },
        { cidr: 'fd00::/56', name: 'six', cooldown_seconds: 60 },
      ],
      allocations: [
        { network: '172.16.0.0/24', ip: '172.16.0.2', vm_id: 'vm-1', hostname: 'web-1' },
        { network: '172.16.0.0/24', ip: '172.16.0.3', mac: '52:54:00:00:00:03' },
        {
          network: '172.16.0.0/24',
          ip: '172.16.0.4',
          vm_id: 'vm-1',
          nic: 'eth1',
          count: 5,
          tags: ['a', 'b'],
          description: 'five',
        },
        { network: 'fd00::/56', ip: 'fd00::', vm_id: 'vm-1', prefix_length: 64 },
      ],
    };
    for (let i = 0; i < 2; i++) {
      assert.deepEqual(await taken(rows), { networks: 0, allocations: 0, unchanged: 6 });
      assert.deepEqual(await state(), before);
    }
  });

  it('brings what an owner has up to date, and leaves the settings of a network alone', async () => {
    const { taken, get } = await startIntake();
    const rows = {
      networks: [{ cidr: '172.16.0.0/24', name: 'other', strategy: 'lowest' }],
      allocations: [
        { network: 'default', vm_id: 'vm-1', hostname: 'web-2' },
        { ip: '172.16.0.3', tags: ['new'] },
      ],
    };
    assert.deepEqual(await taken(rows), { networks: 0, allocations: 2, unchanged: 1 });
    const [one, two] = (await get<NetworkAllocation[]>('/allocations')).body;
    assert.deepEqual([one?.hostname, two?.tags, two?.mac], ['web-2', ['new'], '52:54:00:00:00:03']);
    assert.equal((await get<Network>('/networks/default')).body.name, '');
  });

  it('takes nothing for nothing', async () => {
    const { taken } = await startIntake();
    const none = { networks: 0, allocations: 0, unchanged: 0 };
    assert.deepEqual(await taken({}), none);
    assert.deepEqual(await taken({ networks: [], allocations: [] }), none);
  });
});
