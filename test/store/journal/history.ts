import type { IpAllocated, NetworkAdded, PoolEvent } from '../../../src/pool/events.ts';

// Events of a network 10.0.0.0/22 in which vm<n> holds the address number n.

const origin = (at: number) => ({ at, actor: 'test', request_id: 'r' });
const owner = (n: number) => ({ network: 'default', ip: ipOf(n), vm_id: `vm${n}`, nic: '' });

export const ipOf = (n: number) => `10.0.${n >> 8}.${n & 255}`;

export const added: NetworkAdded = {
  type: 'network_added',
  network: 'default',
  cidr: '10.0.0.0/22',
  gateway: '10.0.0.1',
  excluded: [],
  strategy: 'round-robin',
  ...origin(0),
};

export function given(n: number, hostname?: string): IpAllocated {
  return { type: 'ip_allocated', ...owner(n), ...origin(n), ...(hostname === undefined ? {} : { hostname }) };
}

export function updated(n: number, hostname: string): PoolEvent {
  return { type: 'ip_updated', ...owner(n), hostname, ...origin(n) };
}

export function released(n: number): PoolEvent {
  return { type: 'ip_released', ...owner(n), ...origin(n) };
}

/** vm<first> to vm<last>. */
export function givenAll(first: number, last: number): IpAllocated[] {
  return Array.from({ length: last - first + 1 }, (_, i) => given(first + i));
}
