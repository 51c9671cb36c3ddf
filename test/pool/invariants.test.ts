import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../src/pool/events.ts';
import { admit, violation } from '../../src/pool/invariants.ts';
import { Pool } from '../../src/pool/pool.ts';

const origin = { at: 1, actor: 'test', request_id: 'r' };
const settings = { excluded: ['10.0.0.20-10.0.0.29'], strategy: 'round-robin' } as const;
const added: PoolEvent = {
  type: 'network_added',
  network: 'default',
  cidr: '10.0.0.0/24',
  gateway: '10.0.0.1',
  ...settings,
  ...origin,
};
const of = (vm_id: string, ip: string, nic = '') => ({ network: 'default', ip, vm_id, nic, ...origin });

/** vm-a holds 10.0.0.5, and its second nic 10.0.0.6. */
function poolOfTwo(): Pool {
  const pool = new Pool();
  for (const event of [
    added,
    { type: 'ip_allocated', ...of('vm-a', '10.0.0.5') },
    { type: 'ip_allocated', ...of('vm-a', '10.0.0.6', 'eth1') },
  ] satisfies PoolEvent[]) {
    assert.equal(admit(pool, event), undefined);
  }
  return pool;
}

describe('pool.violation', () => {
  const sound: Readonly<Record<string, PoolEvent>> = {
    'another network': { ...added, network: 'other' },
    'a free address': { type: 'ip_allocated', ...of('vm-b', '10.0.0.7') },
    'an excluded address, given before it was excluded': { type: 'ip_allocated', ...of('vm-b', '10.0.0.20') },
    'another nic of the same VM': { type: 'ip_allocated', ...of('vm-a', '10.0.0.7', 'eth2') },
    'a hostname for the holder': { type: 'ip_updated', ...of('vm-a', '10.0.0.5'), hostname: 'web' },
    'a release by the holder': { type: 'ip_released', ...of('vm-a', '10.0.0.5') },
    'other settings': { type: 'network_updated', network: 'default', excluded: [], strategy: 'lowest', ...origin },
    'a cursor': { type: 'cursor_moved', network: 'default', ip: '10.0.0.9' },
  };
  for (const [what, event] of Object.entries(sound)) {
    it(`finds nothing wrong with ${what}`, () => assert.equal(violation(poolOfTwo(), event), undefined));
  }

  const broken: Readonly<Record<string, unknown>> = {
    'a network that is added twice': added,
    'a network without an address': { ...added, network: 'other', cidr: '10.0.0/24' },
    'a network with host bits': { ...added, network: 'other', cidr: '10.0.0.1/24' },
    'a gateway that is no address': { ...added, network: 'other', gateway: 'none' },
    'a gateway elsewhere': { ...added, network: 'other', gateway: '10.0.1.1' },
    'an exclusion that is no range': { ...added, network: 'other', excluded: ['10.0.0.9-10.0.0.1'] },
    'a strategy nobody knows': { ...added, network: 'other', strategy: 'best' },
    'settings of a network that is not there': { ...added, type: 'network_updated', network: 'other' },
    'settings with a strategy nobody knows': { ...added, type: 'network_updated', strategy: 'best' },
    'settings with an exclusion that is no range': { ...added, type: 'network_updated', excluded: ['x'] },
    'an address in a network that is not there': { type: 'ip_allocated', ...of('vm-b', '10.0.0.7'), network: 'other' },
    'an address outside': { type: 'ip_allocated', ...of('vm-b', '10.0.1.7') },
    'text for an address': { type: 'ip_allocated', ...of('vm-b', '10.0.0.07') },
    'the network address': { type: 'ip_allocated', ...of('vm-b', '10.0.0.0') },
    'the broadcast address': { type: 'ip_allocated', ...of('vm-b', '10.0.0.255') },
    'the gateway': { type: 'ip_allocated', ...of('vm-b', '10.0.0.1') },
    'an address that another VM holds': { type: 'ip_allocated', ...of('vm-b', '10.0.0.5') },
    'an address that another nic holds': { type: 'ip_allocated', ...of('vm-a', '10.0.0.5', 'eth2') },
    'an address that the VM holds': { type: 'ip_allocated', ...of('vm-a', '10.0.0.5') },
    'a second address of the same nic': { type: 'ip_allocated', ...of('vm-a', '10.0.0.7') },
    'a hostname for a stranger': { type: 'ip_updated', ...of('vm-b', '10.0.0.5'), hostname: 'web' },
    'a hostname at another address': { type: 'ip_updated', ...of('vm-a', '10.0.0.6'), hostname: 'web' },
    'a hostname at a free address': { type: 'ip_updated', ...of('vm-a', '10.0.0.7'), hostname: 'web' },
    'a release by a stranger': { type: 'ip_released', ...of('vm-b', '10.0.0.5') },
    'a release by another nic': { type: 'ip_released', ...of('vm-a', '10.0.0.5', 'eth1') },
    'a release of a free address': { type: 'ip_released', ...of('vm-a', '10.0.0.7') },
    'a cursor outside': { type: 'cursor_moved', network: 'default', ip: '10.0.1.9' },
    'an event of a later release': { type: 'ip_cooled', ...of('vm-a', '10.0.0.5') },
    'an event without a type': { ...of('vm-a', '10.0.0.5') },
    'an event named like a method': { type: 'toString', ...of('vm-a', '10.0.0.5') },
  };
  for (const [what, event] of Object.entries(broken)) {
    it(`finds ${what}`, () => assert.equal(typeof violation(poolOfTwo(), event as PoolEvent), 'string'));
  }
});

describe('pool.admit', () => {
  it('takes in what is sound and leaves out what is not', () => {
    const pool = poolOfTwo();
    const network = pool.network('default');
    assert.equal(typeof admit(pool, { type: 'ip_allocated', ...of('vm-b', '10.0.0.5') }), 'string');
    assert.equal(network.allocated, 2);
    assert.equal(admit(pool, { type: 'ip_allocated', ...of('vm-b', '10.0.0.7') }), undefined);
    assert.equal(network.byOwner({ vm_id: 'vm-b', nic: '' })?.offset, 7);
  });
});
