import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { assertError } from '../support/error-response.ts';
import { at, startIntake } from './imports.ts';

const A = 'allocations';
const N = 'networks';

describe('POST /api/v1/import refuses, all of it, and names each row', () => {
  it('that cannot be read', async () => {
    const { refused } = await startIntake();
    const rows = {
      networks: [7, {}, { cidr: '10.1.0.1/24' }, { cidr: '10.1.0.0/24', strategy: 'best' }, { cidr: '16.0.0.0/4' }],
      allocations: [at(7), null, {}, at(8, { mac: 'x' }), at(9, { hostname: '-' }), { ip: '172.16.0.9', nic: 'eth0' }],
    };
    assert.deepEqual(await refused(rows), [
      [N, 0, 'body', 'invalid_request'],
      [N, 1, 'cidr', 'invalid_request'],
      [N, 2, 'cidr', 'invalid_request'],
      [N, 3, 'strategy', 'invalid_request'],
      [N, 4, 'cidr', 'usage'],
      [A, 1, 'body', 'invalid_request'],
      [A, 2, 'ip', 'invalid_request'],
      [A, 3, 'mac', 'invalid_request'],
      [A, 4, 'hostname', 'invalid_request'],
      [A, 5, 'nic', 'invalid_request'],
    ]);
  });

  it('of a network that overlaps one here, or one before, or has its name', async () => {
    const { refused } = await startIntake();
    const networks = [
      { cidr: '172.16.0.0/16' },
      { cidr: '10.1.0.0/16', name: 'vms' },
      { cidr: '10.1.9.0/24' },
      { cidr: '10.1.0.0/16' },
      { cidr: '10.2.0.0/16', name: 'vms' },
      { cidr: '10.3.0.0/16', name: 'default' },
    ];
    assert.deepEqual(await refused({ networks }), [
      [N, 0, 'cidr', 'network_overlap'],
      [N, 2, 'cidr', 'network_overlap'],
      [N, 3, 'cidr', 'network_overlap'],
      [N, 4, 'name', 'network_exists'],
      [N, 5, 'name', 'network_exists'],
    ]);
  });

  it('of an address that somebody has, here or in a row before, in a network that is there or new', async () => {
    const { refused } = await startIntake();
    const rows = {
      networks: [{ cidr: '10.1.0.0/24', name: 'vms' }],
      allocations: [
        at(2),
        { ip: '172.16.0.2' },
        at(7),
        at(7, { vm_id: 'other' }),
        { ip: '172.16.0.7' },
        { ip: '172.16.0.3' },
        { ip: '172.16.0.3' },
        { ip: '10.1.0.7', vm_id: 'a' },
        { ip: '10.1.0.7', vm_id: 'b' },
        { ip: '10.1.0.8' },
        { ip: '10.1.0.8' },
        { ip: '10.1.0.0', count: 12, network: 'vms' },
        at(1, { vm_id: 'gateway' }),
        { network: 'default', ip: '172.16.1.1' },
      ],
    };
    assert.deepEqual(await refused(rows), [
      [A, 0, 'ip', 'address_taken'],
      [A, 1, 'ip', 'address_taken'],
      [A, 3, 'ip', 'address_taken'],
      [A, 4, 'ip', 'address_taken'],
      [A, 6, 'ip', 'address_taken'],
      [A, 8, 'ip', 'address_taken'],
      [A, 10, 'ip', 'address_taken'],
      [A, 11, 'ip', 'address_taken'],
      [A, 12, 'ip', 'address_reserved'],
      [A, 13, 'ip', 'invalid_address'],
    ]);
  });

  it('of an owner that stands twice, or has another address here', async () => {
    const { refused } = await startIntake();
    const allocations = [
      { ip: '172.16.0.9', vm_id: 'vm-1' },
      at(20),
      at(20),
      at(21, { vm_id: 'vm-20' }),
      at(22, { vm_id: 'vm-20', nic: 'eth1' }),
      { network: 'default', vm_id: 'vm-30' },
      { network: '172.16.0.0/24', vm_id: 'vm-30' },
    ];
    assert.deepEqual(await refused({ allocations }), [
      [A, 0, 'ip', 'address_mismatch'],
      [A, 2, 'vm_id', 'invalid_request'],
      [A, 3, 'vm_id', 'invalid_request'],
      [A, 6, 'vm_id', 'invalid_request'],
    ]);
  });

  it('of a network that is not there, refused itself, full or drained', async () => {
    const { refused, add } = await startIntake();
    await add('10.9.0.0/30', { drain: true });
    const rows = {
      networks: [{ cidr: '10.1.0.0/30', name: 'small' }, { cidr: '10.2.0.0/33' }],
      allocations: [
        { network: 'nowhere', vm_id: 'a' },
        { ip: '10.2.0.1', vm_id: 'a' },
        { ip: '10.9.0.1', vm_id: 'a' },
        { network: 'small', vm_id: 'a' },
        { network: 'small', vm_id: 'b' },
        { network: 'small', vm_id: 'c' },
      ],
    };
    assert.deepEqual(await refused(rows), [
      [N, 1, 'cidr', 'invalid_request'],
      [A, 0, 'network', 'network_not_found'],
      [A, 1, 'ip', 'network_not_found'],
      [A, 2, '', 'network_draining'],
      [A, 5, '', 'pool_exhausted'],
    ]);
  });

  it('and says no to a body that is no import', async () => {
    const { api } = await startIntake();
    for (const [body, field] of [
      [{ networks: {} }, 'networks'],
      [{ allocations: 'x' }, 'allocations'],
      [[], 'body'],
    ] as const) {
      assertError(await api.post('/api/v1/import').send(body), 400, 'invalid_request', field);
    }
    assertError(await api.post('/api/v1/import?dry_run=x').send({}), 400, 'invalid_request', 'dry_run');
  });
});
