import type { Owner } from './events.ts';
import type { Allocation } from './network.ts';

/** Addresses for which one Map is made: far below 2^24, where a Map ends. */
const SHARD_SIZE = 1 << 20;
const GRAVES = 1024;

/**
 * Owner to allocation. Works around two things of V8's Map:
 *
 * - It ends at 2^24 entries, deleted ones not yet swept among them: large pools are spread over several Maps.
 * - A deleted entry stays in the chain of its bucket until the next rehash, which a VM that comes and goes in a large full
 *   pool would make longer each time: the last owners to leave keep an empty entry, which they find when they come back.
 */
export class VmToIp {
  readonly #shards: Map<string, Allocation | undefined>[];
  readonly #graves: string[] = [];
  #nextGrave = 0;

  /** For a network of `size` addresses. */
  constructor(size: number) {
    this.#shards = Array.from(
      { length: Math.ceil(size / SHARD_SIZE) },
      () => new Map<string, Allocation | undefined>(),
    );
  }

  get(owner: Owner): Allocation | undefined {
    const key = ownerKey(owner);
    return this.#shard(key).get(key);
  }

  set(allocation: Allocation): void {
    const key = ownerKey(allocation);
    this.#shard(key).set(key, allocation);
  }

  delete(owner: Owner): void {
    const key = ownerKey(owner);
    this.#shard(key).set(key, undefined);
    const oldest = this.#graves[this.#nextGrave];
    this.#graves[this.#nextGrave] = key;
    this.#nextGrave = (this.#nextGrave + 1) % GRAVES;
    if (oldest === undefined || oldest === key) return;
    const shard = this.#shard(oldest);
    if (shard.get(oldest) === undefined) shard.delete(oldest);
  }

  #shard(key: string): Map<string, Allocation | undefined> {
    const [first = new Map<string, Allocation | undefined>()] = this.#shards;
    if (this.#shards.length === 1) return first;
    let hash = 0x811c9dc5; // FNV-1a
    for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    return this.#shards[(hash >>> 0) % this.#shards.length] ?? first;
  }
}

/** One text for an owner; no `vm_id` holds a NUL, so that two owners never share one. */
export function ownerKey({ vm_id, nic }: Owner): string {
  return nic === '' ? vm_id : `${vm_id}\0${nic}`;
}
