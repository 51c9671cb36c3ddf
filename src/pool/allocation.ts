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
 * update puts a new record, so that readers may hold on to theirs. About 130 bytes with a VM id of 17 characters.
 */
export class Allocation implements Owner {
  readonly vm_id: string;
  readonly nic: string;
  /** Milliseconds since 1970. */
  readonly allocated_at: number;
  readonly attributes: Attributes;
  /** Small numbers need no memory of their own; a bigint takes 24 bytes. */
  readonly #offset: number | bigint;
  readonly #more: number | bigint;
  readonly #key: string | undefined;

  /** @param last the last offset, `offset` for a single address */
  constructor({ vm_id, nic, key }: Owner, offset: bigint, last: bigint, allocated_at: number, attributes: Attributes) {
    this.vm_id = vm_id;
    this.nic = nic;
    this.allocated_at = allocated_at;
    this.attributes = attributesOf(attributes);
    this.#offset = small(offset);
    this.#more = small(last - offset);
    this.#key = key;
  }

  /** Of the first address. */
  get offset(): bigint {
    return BigInt(this.#offset);
  }

  get last(): bigint {
    return this.#more === 0 ? this.offset : this.offset + BigInt(this.#more);
  }

  /** How many addresses. */
  get size(): bigint {
    return BigInt(this.#more) + 1n;
  }

  get key(): string | undefined {
    return this.#key;
  }

  /** The same with other attributes. */
  with(attributes: Attributes): Allocation {
    return new Allocation(this, this.offset, this.last, this.allocated_at, attributes);
  }
}

function small(value: bigint): number | bigint {
  return value >= -0x4000_0000n && value < 0x4000_0000n ? Number(value) : value;
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
