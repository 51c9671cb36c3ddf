import type { StrategyName } from './strategy.ts';

/** When a change was made, by whom, and the request that asked for it. */
export interface Origin {
  /** Milliseconds since 1970-01-01T00:00:00Z. */
  readonly at: number;
  readonly actor: string;
  readonly request_id: string;
}

/** Who an address is for. Opaque text, never parsed. */
export interface Owner {
  /** "" for an allocation that no VM was named for. */
  readonly vm_id: string;
  /** "" for the first and usually only one. */
  readonly nic: string;
  /** Instead of a VM: the key by which whoever asked can ask again. */
  readonly key?: string | undefined;
}

/** What is kept with an allocation, all of it changeable. Absent: not set. */
export interface Attributes {
  readonly hostname?: string;
  /** Lower case, with colons. */
  readonly mac?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  /** When it ends by itself; milliseconds since 1970. */
  readonly expires_at?: number;
  /** For how long it was given; seconds. */
  readonly ttl?: number;
  /** For a delegated prefix: its length. */
  readonly prefix_length?: number;
  /** When a list of living VMs first lacked its owner; milliseconds since 1970. */
  readonly missing_since?: number;
}

export const COOLDOWN_POLICIES = ['refuse', 'oldest'] as const;
/** What to do when only cooling addresses are left: give none, or the one that has been cooling longest. */
export type CooldownPolicy = (typeof COOLDOWN_POLICIES)[number];

/** What may be changed of a network after it was added. Ranges are written as in {@link ../net/range.ts}. */
export interface NetworkSettings {
  readonly excluded: readonly string[];
  readonly strategy: StrategyName;
  /** Where addresses are given from; absent: everywhere in the network. */
  readonly ranges?: readonly string[];
  readonly name?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  /** For how long a released address is given to nobody but its previous owner; seconds. Absent: 0. */
  readonly cooldown_seconds?: number;
  /** For how long an owner that comes back gets its old address if nobody has it; seconds. Absent: 0. */
  readonly sticky_seconds?: number;
  /** Absent: refuse. */
  readonly cooldown_policy?: CooldownPolicy;
  /** No new allocations; those that exist stay. */
  readonly drain?: true;
}

/** The network of an event, and the VRF of that network. */
export interface InNetwork {
  readonly network: string;
  /** Absent: `default`. */
  readonly vrf?: string;
}

export interface NetworkAdded extends Origin, NetworkSettings, InNetwork {
  readonly type: 'network_added';
  readonly cidr: string;
  /** Absent: none. */
  readonly gateway?: string;
  /** Of a snapshot, when it is later than `at`. */
  readonly updated_at?: number;
}

/** All settings after the change. */
export interface NetworkUpdated extends Origin, NetworkSettings, InNetwork {
  readonly type: 'network_updated';
  /** Absent: as before. */
  readonly cidr?: string;
  /** Null: none from now on; absent: as before. */
  readonly gateway?: string | null;
}

/** Its allocations, of which there are none but in a drained network, are released by events of their own before. */
export interface NetworkRemoved extends Origin, InNetwork {
  readonly type: 'network_removed';
  readonly cidr: string;
}

/** Addresses that are given to nobody, or to one owner only. */
export interface ReservationAdded extends Origin, InNetwork {
  readonly type: 'reservation_added';
  readonly reservation: string;
  readonly range: string;
  readonly reason: string;
  readonly vm_id?: string;
  readonly nic?: string;
  /** Milliseconds since 1970. */
  readonly expires_at?: number;
}

export interface ReservationRemoved extends Origin, InNetwork {
  readonly type: 'reservation_removed';
  readonly reservation: string;
  readonly range: string;
  readonly reason: 'removed' | 'expired';
}

/** An address, or the addresses up to `end_ip`. */
interface Place extends InNetwork {
  readonly ip: string;
  readonly end_ip?: string;
}

export interface IpAllocated extends Origin, Owner, Attributes, Place {
  readonly type: 'ip_allocated';
  /** Not picked by the strategy: the search for the next address does not go on behind it. */
  readonly requested?: true;
}

/** All attributes after the change; address and owner of an allocation never change. */
export interface IpUpdated extends Origin, Owner, Attributes, Place {
  readonly type: 'ip_updated';
}

export const RELEASE_REASONS = ['released', 'expired', 'reconciled', 'network_removed'] as const;
export type ReleaseReason = (typeof RELEASE_REASONS)[number];

/** With the attributes that it had, so that history needs no second look. */
export interface IpReleased extends Origin, Owner, Attributes, Place {
  readonly type: 'ip_released';
  /** Absent: released. */
  readonly reason?: ReleaseReason;
  /** Milliseconds since 1970. */
  readonly allocated_at?: number;
  /** Until then only for its previous owner; milliseconds since 1970. Absent: free at once. */
  readonly cooling_until?: number;
  /** Until then its previous owner gets it back if nobody has it; milliseconds since 1970. */
  readonly sticky_until?: number;
}

/** Written by a snapshot only: a released address and its previous owner. */
export interface IpCooling extends Owner, Place {
  readonly type: 'ip_remembered';
  readonly cooling_until?: number;
  readonly sticky_until?: number;
  /** Its owner has had another address since: it gets this one back by name only. */
  readonly superseded?: true;
}

/** Written by a snapshot only: the address that was given last, so that round robin goes on where it was. */
export interface CursorMoved extends InNetwork {
  readonly type: 'cursor_moved';
  readonly ip: string;
}

/**
 * Written by a snapshot only: the latest time that an event told, which may be none that the snapshot holds, so that a
 * clock that went back is noticed all the same.
 */
export interface TimePassed {
  readonly type: 'time_told';
  /** Milliseconds since 1970. */
  readonly at: number;
}

/**
 * What happened. Events hold outcomes (the chosen address, the time), never intentions: replaying them needs no
 * strategy, no clock and no random number, so all of these may change between two releases.
 */
export type PoolEvent =
  | NetworkAdded
  | NetworkUpdated
  | NetworkRemoved
  | ReservationAdded
  | ReservationRemoved
  | IpAllocated
  | IpUpdated
  | IpReleased
  | IpCooling
  | CursorMoved
  | TimePassed;
