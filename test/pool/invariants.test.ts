import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../src/pool/events.ts';
import { admit, violation } from '../../src/pool/invariants.ts';
import { Pool } from '../../src/pool/pool.ts';

const origin = { at: 1, actor: 'test', request_id: 'r' };
const settings = { excluded: ['10.0.0.20-10.0.0.29'], strategy: 'round-robin' } as const;
const added = {
  type: 'network_added',
  network: 'default',
  cidr: '10.0.0.0/24',
  gateway: '10.0.0.1',
  ...settings,
  ...origin,
} as const satisfies PoolEvent;
const of = (vm_id: string, ip: string, nic = '') => ({ network: 'default', ip, vm_id, nic, ...origin });
const reserved = (reservation: string, range: string) => ({
  network: 'default',
  reservation,
  range,
  reason: 'printers',
  ...origin,
});
const updated = { ...added, type: 'network_updated' } as const;

/** vm-a holds 10.0.0.5, its second nic 10.0.0.6; vm-r the range .100 to .103, nobody that can ask again .200; r1 is .40 to .49. */
function poolOfTwo(): Pool {
  const pool = new Pool();
  for (const event of [
    added,
    { type: 'ip_allocated', ...of('vm-a', '10.0.0.5') },
    { type: 'ip_allocated', ...of('vm-a', '10.0.0.6', 'eth1') },
    { type: 'ip_allocated', ...of('vm-r', '10.0.0.100'), end_ip: '10.0.0.103' },
    { type: 'ip_allocated', ...of('', '10.0.0.200') },
    { type: 'reservation_added', ...reserved('r1', '10.0.0.40-10.0.0.49') },
    { ...without(added), network: 'empty', cidr: '10.9.0.0/24' },
    { ...added, network: 'reserved', cidr: '10.8.0.0/16', gateway: '10.8.0.1' },
    { type: 'ip_allocated', ...of('', '10.8.9.9'), network: 'reserved', key: 'k' },
    { type: 'reservation_added', ...reserved('r8', '10.8.7.0/28'), network: 'reserved' },
  ] satisfies PoolEvent[]) {
    assert.equal(admit(pool, event), undefined);
  }
  return pool;
}

describe('pool.violation', () => {
  const sound: Readonly<Record<string, PoolEvent>> = {
    'another network': { ...added, network: 'other', cidr: '10.0.1.0/24', gateway: '10.0.1.254', ranges: ['10.0.1.7'] },
    'a network of the other family': { ...added, network: 'other', cidr: '::/8', gateway: '::a00:1' },
    'a network without a gateway': { ...without(added), network: 'other', cidr: '10.0.1.0/31' },
    'a network that grows both ways': { ...updated, cidr: '10.0.0.0/16' },
    'a network that loses its gateway': { ...updated, gateway: null },
    'a network that is drained': { ...updated, drain: true, name: 'x', cooldown_seconds: 9 },
    'ranges that somebody was given an address outside of': { ...updated, ranges: ['10.0.0.9'] },
    'the end of a network without allocations': {
      type: 'network_removed',
      network: 'empty',
      cidr: '10.9.0.0/24',
      ...origin,
    },
    'a reservation of what somebody holds': { type: 'reservation_added', ...reserved('r2', '10.0.0.5-10.0.0.6') },
    'the end of a reservation': { type: 'reservation_removed', ...reserved('r1', 'x'), reason: 'expired' },
    'a range': { type: 'ip_allocated', ...of('vm-b', '10.0.0.104'), end_ip: '10.0.0.120' },
    'a reserved address': { type: 'ip_allocated', ...of('vm-b', '10.0.0.40') },
    'a prefix that begins with the network address': {
      type: 'ip_allocated',
      ...of('vm-b', '10.9.0.0'),
      network: 'empty',
      end_ip: '10.9.0.15',
      prefix_length: 28,
    },
    'a second address of nobody': { type: 'ip_allocated', ...of('', '10.0.0.201') },
    'an address for a key': { type: 'ip_allocated', ...of('', '10.0.0.201'), key: 'k' },
    'a lease of nobody that is renewed': { type: 'ip_updated', ...of('', '10.0.0.200'), expires_at: 9 },
    'a release of what nobody could ask for again': { type: 'ip_released', ...of('', '10.0.0.200'), reason: 'expired' },
    'a release of a range': {
      type: 'ip_released',
      ...of('vm-r', '10.0.0.100'),
      end_ip: '10.0.0.103',
      cooling_until: 5,
    },
    'what is remembered': { type: 'ip_remembered', ...of('vm-b', '10.0.0.7'), end_ip: '10.0.0.9', cooling_until: 9 },
    'that somebody would like an address back': { type: 'ip_remembered', ...of('vm-b', '10.0.0.5'), sticky_until: 9 },
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
    'a network without an address': { ...added, network: 'other', cidr: '10.0.1/24' },
    'a network with host bits': { ...added, network: 'other', cidr: '10.0.1.1/24' },
    'a gateway that is no address': { ...added, network: 'other', cidr: '10.0.1.0/24', gateway: 'none' },
    'a gateway elsewhere': { ...added, network: 'other', cidr: '10.0.1.0/24', gateway: '10.0.2.1' },
    'an exclusion that is no range': {
      ...added,
      network: 'other',
      cidr: '10.0.1.0/24',
      gateway: '10.0.1.1',
      excluded: ['10.0.0.9-10.0.0.1'],
    },
    'a strategy nobody knows': {
      ...added,
      network: 'other',
      cidr: '10.0.1.0/24',
      gateway: '10.0.1.1',
      strategy: 'best',
    },
    'a network that is the part of another': {
      ...added,
      network: 'other',
      cidr: '10.0.0.128/25',
      gateway: '10.0.0.129',
    },
    'a network that holds another': { ...added, network: 'other', cidr: '10.0.0.0/8' },
    'a gateway of the other family': { ...added, network: 'other', cidr: '10.0.1.0/24', gateway: '::1' },
    'a range that is not inside': {
      ...added,
      network: 'other',
      cidr: '10.0.1.0/24',
      gateway: '10.0.1.1',
      ranges: ['10.0.0.9'],
    },
    'a network that grows over another': { ...updated, cidr: '10.0.0.0/12' },
    'a network that leaves an address behind its end': { ...updated, cidr: '10.0.0.0/25' },
    'a network that leaves an address before its start': { ...updated, cidr: '10.0.0.128/25', gateway: '10.0.0.129' },
    'a network whose broadcast address is given': { ...updated, cidr: '10.0.0.0/29' },
    'a network that leaves a reservation outside': {
      ...updated,
      cidr: '10.8.0.0/24',
      network: 'reserved',
      gateway: null,
    },
    'a network that leaves its gateway outside': { ...updated, cidr: '10.8.0.0/24', network: 'empty' },
    'a gateway that somebody holds': { ...updated, gateway: '10.0.0.102' },
    'a network that changes its family': { ...updated, network: 'empty', cidr: '::/64', gateway: null },
    'a range outside of the network that shrinks': {
      ...updated,
      network: 'empty',
      cidr: '10.9.0.0/25',
      gateway: null,
      ranges: ['10.9.0.200'],
    },
    'the end of a network with allocations': {
      type: 'network_removed',
      network: 'default',
      cidr: '10.0.0.0/24',
      ...origin,
    },
    'the end of a network that is not there': {
      type: 'network_removed',
      network: 'other',
      cidr: '10.0.0.0/24',
      ...origin,
    },
    'a reservation that is made twice': { type: 'reservation_added', ...reserved('r1', '10.0.0.60') },
    'a reservation outside': { type: 'reservation_added', ...reserved('r2', '10.0.0.250-10.0.1.3') },
    'a reservation of no range': { type: 'reservation_added', ...reserved('r2', 'printers') },
    'a reservation in a network that is not there': {
      type: 'reservation_added',
      ...reserved('r2', '10.0.0.60'),
      network: 'other',
    },
    'the end of a reservation that is not there': {
      type: 'reservation_removed',
      ...reserved('r2', 'x'),
      reason: 'removed',
    },
    'a range that another VM has a part of': { type: 'ip_allocated', ...of('vm-b', '10.0.0.98'), end_ip: '10.0.0.100' },
    'a range around what another VM holds': { type: 'ip_allocated', ...of('vm-b', '10.0.0.90'), end_ip: '10.0.0.110' },
    'an address within the range of another VM': { type: 'ip_allocated', ...of('vm-b', '10.0.0.102') },
    'a range that ends outside': { type: 'ip_allocated', ...of('vm-b', '10.0.0.250'), end_ip: '10.0.1.3' },
    'a range that ends before it begins': { type: 'ip_allocated', ...of('vm-b', '10.0.0.9'), end_ip: '10.0.0.8' },
    'a range with the broadcast address': { type: 'ip_allocated', ...of('vm-b', '10.0.0.250'), end_ip: '10.0.0.255' },
    'a prefix with the broadcast address': {
      type: 'ip_allocated',
      ...of('vm-b', '10.9.0.240'),
      network: 'empty',
      end_ip: '10.9.0.255',
      prefix_length: 28,
    },
    'a range with the network address': {
      type: 'ip_allocated',
      ...of('vm-b', '10.9.0.0'),
      network: 'empty',
      end_ip: '10.9.0.15',
    },
    'a prefix with the gateway': {
      type: 'ip_allocated',
      ...of('vm-b', '10.8.0.0'),
      network: 'reserved',
      end_ip: '10.8.0.15',
      prefix_length: 28,
    },
    'a second address for a key': { type: 'ip_allocated', ...of('', '10.8.9.8'), network: 'reserved', key: 'k' },
    'an update of a part of a range': { type: 'ip_updated', ...of('vm-r', '10.0.0.100'), hostname: 'x' },
    'an update of the second of a range': { type: 'ip_updated', ...of('vm-r', '10.0.0.101'), hostname: 'x' },
    'a release of more than a range': { type: 'ip_released', ...of('vm-r', '10.0.0.100'), end_ip: '10.0.0.104' },
    'a release by nobody of what somebody holds': { type: 'ip_released', ...of('', '10.0.0.5') },
    'a release by somebody of what nobody holds': { type: 'ip_released', ...of('vm-b', '10.0.0.200') },
    'a memory outside': { type: 'ip_remembered', ...of('vm-b', '10.0.1.7'), cooling_until: 9 },
    'a memory that cools while somebody holds it': {
      type: 'ip_remembered',
      ...of('vm-b', '10.0.0.99'),
      end_ip: '10.0.0.101',
      cooling_until: 9,
    },
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
    assert.equal(network.allocated, 7n);
    assert.equal(admit(pool, { type: 'ip_allocated', ...of('vm-b', '10.0.0.7') }), undefined);
    assert.equal(network.byOwner({ vm_id: 'vm-b', nic: '' })?.offset, 7n);
  });
});

function without({ gateway: _, ...rest }: typeof added) {
  return rest;
}
