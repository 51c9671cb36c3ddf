import type { Attributes, Owner } from './events.ts';

const NONE: Attributes = {};
const NAMES = [
  'hostname',
  'mac',
  'description',
  'tags',
  'expires_at',
  'ttl',
  'prefix_length',
  'missing_since',
] as const satisfies readonly (keyof Attributes)[];

/**
 * What an owner holds in a network: an address, or addresses without a gap between them. Never changed in place: an
 * update puts a new one. Two of the same offset and time are of the same allocation; they need not be the same object.
 */
export class Allocation implements Owner {
  readonly vm_id: string;
  readonly nic: string;
  readonly key: string | undefined;
  /** Of the first address. */
  readonly offset: bigint;
  /** `offset` for a single address. */
  readonly last: bigint;
  /** Milliseconds since 1970. */
  readonly allocated_at: number;
  readonly attributes: Attributes;

  constructor({ vm_id, nic, key }: Owner, offset: bigint, last: bigint, allocated_at: number, attributes: Attributes) {
    this.vm_id = vm_id;
    this.nic = nic;
    this.key = key;
    this.offset = offset;
    this.last = last;
    this.allocated_at = allocated_at;
    this.attributes = attributesOf(attributes);
  }

  /** How many addresses. */
  get size(): bigint {
    return this.last - this.offset + 1n;
  }

  /** The same with other attributes. */
  with(attributes: Attributes): Allocation {
    return new Allocation(this, this.offset, this.last, this.allocated_at, attributes);
  }
}

/** The attributes that are set, out of an object that holds more. */
export function attributesOf(source: Attributes): Attributes {
  const { hostname, mac, description, tags, expires_at, ttl, prefix_length, missing_since } = source;
  const others = mac ?? description ?? tags ?? expires_at ?? ttl ?? prefix_length ?? missing_since;
  if (others === undefined) return hostname === undefined ? NONE : { hostname }; // nearly all
  const picked: Record<string, unknown> = {};
  for (const name of NAMES) if (source[name] !== undefined) picked[name] = source[name];
  return picked;
}

/** The parts of an owner, out of an object that holds more. */
export function ownerOf({ vm_id, nic, key }: Owner): Owner {
  return key === undefined ? { vm_id, nic } : { vm_id, nic, key };
}

/** One text for an owner; no part of it holds a NUL, so that two owners never share one. Undefined: nobody can ask again. */
export function ownerKey({ vm_id, nic, key }: Owner): string | undefined {
  if (vm_id !== '') return nic === '' ? vm_id : `${vm_id}\0${nic}`;
  return key === undefined ? undefined : `\0${key}`;
}

/** Whether two are the same owner. Those that nobody can ask for again are never. */
export function sameOwner(a: Owner, b: Owner): boolean {
  const key = ownerKey(a);
  return key !== undefined && key === ownerKey(b);
}
