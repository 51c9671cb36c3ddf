import { ownerKey } from '../../pool/allocation.ts';
import type { IpReleased, IpCooling } from '../../pool/events.ts';
import type { Keys } from './keys.ts';

// What etcd holds of released addresses: what a snapshot would hold of them.

/** What a release leaves to be remembered; undefined: nothing. */
export function memoryOf(event: IpReleased): IpCooling | undefined {
  const { network, vrf, ip, end_ip, vm_id, nic, key, cooling_until, sticky_until } = event;
  if (cooling_until === undefined && sticky_until === undefined) return undefined;
  return {
    type: 'ip_remembered',
    network,
    ...(vrf === undefined ? {} : { vrf }),
    ip,
    ...(end_ip === undefined ? {} : { end_ip }),
    vm_id,
    nic,
    ...(key === undefined ? {} : { key }),
    ...(cooling_until === undefined ? {} : { cooling_until }),
    ...(sticky_until === undefined ? {} : { sticky_until }),
  };
}

/** Several owners may each have had an address, and want it back; it cools once. */
export function memoryKey(keys: Keys, memory: IpCooling): string {
  const owner = memory.superseded ? undefined : ownerKey(memory);
  return keys.memory(memory.network, memory.ip, owner ?? '');
}
