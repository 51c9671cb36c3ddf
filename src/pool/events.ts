import type { StrategyName } from './strategy.ts';

/** When a change was made, by whom, and the request that asked for it. */
export interface Origin {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly at: number;
  readonly actor: string;
  readonly request_id: string;
}

/** Who an address is for. `nic` is "" for the first and usually only one. Opaque text, never parsed. */
export interface Owner {
  readonly vm_id: string;
  readonly nic: string;
}

/** What may be changed of a network after it was added. Ranges are written as in {@link ../net/range.ts}. */
export interface NetworkSettings {
  readonly excluded: readonly string[];
  readonly strategy: StrategyName;
}

export interface NetworkAdded extends Origin, NetworkSettings {
  readonly type: 'network_added';
  readonly network: string;
  readonly cidr: string;
  readonly gateway: string;
}

export interface NetworkUpdated extends Origin, NetworkSettings {
  readonly type: 'network_updated';
  readonly network: string;
}

export interface IpAllocated extends Origin, Owner {
  readonly type: 'ip_allocated';
  readonly network: string;
  readonly ip: string;
  readonly hostname?: string;
}

/** The attributes of an allocation changed; its address and its owner never do. */
export interface IpUpdated extends Origin, Owner {
  readonly type: 'ip_updated';
  readonly network: string;
  readonly ip: string;
  readonly hostname: string;
}

export interface IpReleased extends Origin, Owner {
  readonly type: 'ip_released';
  readonly network: string;
  readonly ip: string;
}

/** Written by a snapshot only: the address that was given last, so that round robin goes on where it was. */
export interface CursorMoved {
  readonly type: 'cursor_moved';
  readonly network: string;
  readonly ip: string;
}

/**
 * What happened. Events hold outcomes (the chosen address, the time), never intentions: replaying them needs no
 * strategy, no clock and no random number, so all of these may change between two releases.
 */
export type PoolEvent = NetworkAdded | NetworkUpdated | IpAllocated | IpUpdated | IpReleased | CursorMoved;
