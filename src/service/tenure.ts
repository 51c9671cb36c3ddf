import { PoolError } from '../errors.ts';
import { DEFAULT_VRF } from '../net/vrf.ts';
import type { IpAllocated, IpReleased } from '../pool/events.ts';
import type { LocatedAllocation } from './located-allocation.ts';

/** The time during which an owner had an address. */
export interface Tenure {
  readonly network: string;
  readonly vrf: string;
  readonly ip: string;
  readonly end_ip: string | undefined;
  readonly vm_id: string;
  readonly nic: string;
  readonly hostname: string | undefined;
  readonly mac: string | undefined;
  /** Milliseconds since 1970. */
  readonly from: number;
  /** Undefined: the owner still has it. */
  readonly until: number | undefined;
  readonly reason: string | undefined;
  /** Undefined: the allocation is older than the history. */
  readonly allocated_by: string | undefined;
  readonly released_by: string | undefined;
}

/** Which tenures: those of an address, or of a VM. */
export interface HistoryFilter {
  readonly ip?: string | undefined;
  readonly vrf?: string | undefined;
  readonly vmId?: string | undefined;
  readonly at?: number | undefined;
}

/** An allocation without a release in the history. `until`: when its lease ended, if the release is not committed yet. */
export interface Current extends LocatedAllocation {
  readonly until: number | undefined;
}

/** When an allocation ended; milliseconds since 1970. A lease ends at its expiry, even if its release is committed later. */
export function endOf({ at, reason, expires_at = at }: IpReleased): number {
  return reason === 'expired' ? Math.min(at, expires_at) : at;
}

/** The tenure that begins or ends with an event. */
export function tenureOf(
  began: IpAllocated | undefined,
  ended: IpReleased | undefined,
  current: Current | undefined,
): Tenure {
  const event = ended ?? began;
  if (!event) throw new PoolError('internal', 'A tenure without an event');
  const attributes = ended ?? current?.allocation.attributes ?? event;
  return {
    network: event.network,
    vrf: event.vrf ?? DEFAULT_VRF,
    ip: event.ip,
    end_ip: event.end_ip,
    vm_id: event.vm_id,
    nic: event.nic,
    // Releases of format 1 lack the attributes of the allocation.
    hostname: attributes.hostname ?? (ended && ended.allocated_at === undefined ? began?.hostname : undefined),
    mac: attributes.mac,
    from: began?.at ?? ended?.allocated_at ?? 0,
    until: ended ? endOf(ended) : current?.until,
    reason: ended ? (ended.reason ?? 'released') : reasonOf(current),
    allocated_by: began?.actor,
    released_by: ended?.actor,
  };
}

function reasonOf(current: Current | undefined): string | undefined {
  return current?.until === undefined ? undefined : 'expired';
}

/** The tenure of an allocation that still exists. */
export function currentTenure(current: Current): Tenure {
  const { network, allocation, until } = current;
  const { offset, last, vm_id, nic, allocated_at, attributes } = allocation;
  return {
    network: network.id,
    vrf: network.vrf,
    ip: network.ipAt(offset),
    end_ip: last === offset ? undefined : network.ipAt(last),
    vm_id,
    nic,
    hostname: attributes.hostname,
    mac: attributes.mac,
    from: allocated_at,
    until,
    reason: reasonOf(current),
    allocated_by: undefined,
    released_by: undefined,
  };
}
