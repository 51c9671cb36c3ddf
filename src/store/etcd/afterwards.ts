import type { IpAllocated, IpCooling, IpUpdated, NetworkAdded, NetworkUpdated } from '../../pool/events.ts';

/** What a load needs of something that an event changes only in part: the whole of it. Undefined: it is not known. */
export interface Afterwards {
  allocation(event: IpUpdated): IpAllocated | undefined;
  /**
   * Of released addresses, when some are given: what ends, and what of that goes on. Undefined: the network remembers none,
   * and no node makes it remember one unless its settings change.
   */
  memories(event: IpAllocated): MemoriesChange | undefined;
  /** The network as it is, and as it will be; what is remembered and will be outside of it. */
  network(event: NetworkUpdated): NetworkChange | undefined;
}

export interface MemoriesChange {
  readonly before: readonly IpCooling[];
  readonly after: readonly IpCooling[];
}

export interface NetworkChange {
  readonly before: NetworkAdded;
  readonly after: NetworkAdded;
  readonly forgotten: readonly IpCooling[];
}
