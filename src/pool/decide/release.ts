import { type Allocation, ownerOf } from '../allocation.ts';
import type { Origin, PoolEvent, ReleaseReason } from '../events.ts';
import type { Network } from '../network.ts';

/** Takes an allocation back from its owner. Its addresses cool, and are kept in mind for it, as the network says. */
export function decideRelease(
  network: Network,
  allocation: Allocation,
  reason: ReleaseReason,
  origin: Origin,
): PoolEvent[] {
  const { cooldown_seconds = 0, sticky_seconds = 0 } = network.settings;
  // A later allocation of the same address has a later time, so that the two can be told apart by it.
  const at = Math.max(origin.at, allocation.allocated_at + 1);
  const until = (seconds: number) => at + seconds * 1000;
  const gone = reason === 'network_removed';
  return [
    {
      type: 'ip_released',
      network: network.id,
      ...network.vrfField,
      ...placeOf(network, allocation),
      ...ownerOf(allocation),
      ...allocation.attributes,
      allocated_at: allocation.allocated_at,
      ...(reason === 'released' ? {} : { reason }),
      ...(cooldown_seconds > 0 && !gone ? { cooling_until: until(cooldown_seconds) } : {}),
      ...(sticky_seconds > 0 && !gone ? { sticky_until: until(sticky_seconds) } : {}),
      ...origin,
      at,
    },
  ];
}

/** How events write addresses: `end_ip` only when there is more than one. */
export function placeOf(network: Network, { offset, last }: { readonly offset: bigint; readonly last: bigint }) {
  const ip = network.ipAt(offset);
  return offset === last ? { ip } : { ip, end_ip: network.ipAt(last) };
}
