import type { IpAllocated, IpReleased, NetworkAdded, ReservationAdded } from '../../../src/pool/events.ts';

const ORIGIN = { at: 1, actor: 'test', request_id: 'r' };

export function allocated(vm_id: string, ip: string, more: Partial<IpAllocated> = {}): IpAllocated {
  return { type: 'ip_allocated', network: 'default', ip, vm_id, nic: '', ...ORIGIN, ...more };
}

export function released(vm_id: string, ip: string, more: Partial<IpReleased> = {}): IpReleased {
  return { type: 'ip_released', network: 'default', ip, vm_id, nic: '', ...ORIGIN, ...more };
}

export function added(network: string, cidr: string): NetworkAdded {
  return { type: 'network_added', network, cidr, excluded: [], strategy: 'lowest', ...ORIGIN };
}

export function reserved(range: string, reservation = 'r1'): ReservationAdded {
  return { type: 'reservation_added', network: 'default', reservation, range, reason: 'test', ...ORIGIN };
}
