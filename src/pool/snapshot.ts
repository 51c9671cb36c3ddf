import type { Origin, PoolEvent } from './events.ts';
import type { Allocation, Network } from './network.ts';
import type { Pool } from './pool.ts';

const SNAPSHOT: Omit<Origin, 'at'> = { actor: 'snapshot', request_id: '' };

/**
 * The shortest history that leads to the state of now: apply it to an empty pool and you have the same pool.
 *
 * The state is taken when this is called (references to records that never change, about 10 ns each); the events are
 * made one by one as they are asked for, so that a caller can spread them over time while the pool goes on changing.
 */
export function snapshotOf(pool: Pool): Iterable<PoolEvent> {
  const frozen = [...pool.networks].map((network) => ({
    network,
    settings: network.settings,
    cursor: network.cursor,
    allocations: network.frozen(),
  }));
  return (function* () {
    for (const { network, settings, cursor, allocations } of frozen) {
      yield {
        type: 'network_added',
        network: network.id,
        cidr: network.cidrText,
        gateway: network.gatewayText,
        ...settings,
        ...SNAPSHOT,
        at: 0,
      };
      for (const allocation of allocations) yield allocated(network, allocation);
      if (cursor >= 0) yield { type: 'cursor_moved', network: network.id, ip: network.ipAt(cursor) };
    }
  })();
}

function allocated(network: Network, { vm_id, nic, hostname, offset, allocated_at }: Allocation): PoolEvent {
  const facts = { type: 'ip_allocated', network: network.id, ip: network.ipAt(offset), vm_id, nic } as const;
  const origin = { ...SNAPSHOT, at: allocated_at };
  return hostname === undefined ? { ...facts, ...origin } : { ...facts, hostname, ...origin };
}
