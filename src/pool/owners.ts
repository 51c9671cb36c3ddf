import { KeyedHash } from './keyed-hash.ts';

const SHARDS = 64;
/** Fuller than this, probes get long; a table made anew is filled to `ROOMY`, so that it holds 16 to 20 bytes a value. */
const CROWDED = 0.75;
const ROOMY = 0.6;
/** Emptier than this, a table is made smaller. */
const DESERTED = 0.25;
const LEAST_SLOTS = 8;

/**
 * Key to value, for many millions, with the keys read from the values.
 *
 * Not a Map: it ends at 2^24 entries, stops everything for a second when it grows beyond some millions, and keeps deleted
 * entries in its chains until then. Here the keys are spread over 64 tables by their hash, of which one grows at a time.
 */
export class Owners<V extends object> {
  readonly #shards: (Shard<V> | undefined)[] = new Array<undefined>(SHARDS).fill(undefined);
  readonly #hash: KeyedHash;
  readonly #keyOf: (value: V) => string;
  #size = 0;

  /** `seed` should be drawn at random, 0 to 2^53 - 1: who does not know it cannot choose keys that collide. */
  constructor(keyOf: (value: V) => string, seed: number) {
    this.#keyOf = keyOf;
    this.#hash = new KeyedHash(seed);
  }

  get size(): number {
    return this.#size;
  }

  get(key: string): V | undefined {
    const hash = this.#hash.of(key);
    return this.#shards[hash % SHARDS]?.get(key, hash);
  }

  /** Puts a value in, in place of the one with the same key. */
  set(value: V): void {
    const key = this.#keyOf(value);
    const hash = this.#hash.of(key);
    const shard = (this.#shards[hash % SHARDS] ??= new Shard(this.#keyOf));
    const before = shard.size;
    shard.set(key, hash, value);
    this.#size += shard.size - before;
  }

  delete(key: string): void {
    const hash = this.#hash.of(key);
    if (this.#shards[hash % SHARDS]?.delete(key, hash)) this.#size--;
  }

  /** All values, in no order. */
  values(): V[] {
    return this.#shards.flatMap((shard) => shard?.values() ?? []);
  }
}

/**
 * One table: open addressing, linear probing. A value stands in its home slot or behind it with no empty slot between;
 * to delete one moves those behind it up, so that no marks of deleted entries slow down what comes later.
 */
class Shard<V extends object> {
  readonly #keyOf: (value: V) => string;
  /** Hashes of the values, 0 for an empty slot: probes read these only. */
  #hashes = new Uint32Array(LEAST_SLOTS);
  #values: (V | undefined)[] = new Array<undefined>(LEAST_SLOTS).fill(undefined);
  size = 0;

  constructor(keyOf: (value: V) => string) {
    this.#keyOf = keyOf;
  }

  get(key: string, hash: number): V | undefined {
    return this.#values[this.#find(key, hash)];
  }

  set(key: string, hash: number, value: V): void {
    const slot = this.#find(key, hash);
    if (this.#values[slot]) {
      this.#values[slot] = value;
      return;
    }
    this.size++;
    if (this.size <= this.#hashes.length * CROWDED) {
      this.#write(slot, hash, value);
    } else {
      this.#resize();
      this.#write(this.#emptyFrom(hash), hash, value);
    }
  }

  delete(key: string, hash: number): boolean {
    const slot = this.#find(key, hash);
    if (!this.#values[slot]) return false;
    this.size--;
    this.#closeGap(slot);
    if (this.#hashes.length > LEAST_SLOTS && this.size < this.#hashes.length * DESERTED) this.#resize();
    return true;
  }

  values(): V[] {
    return this.#values.filter((value) => value !== undefined);
  }

  /** The slot of a key, or the empty one where it would go. */
  #find(key: string, hash: number): number {
    const hashes = this.#hashes;
    let slot = this.#home(hash);
    for (let held = hashes[slot]; held; held = hashes[slot]) {
      const value = held === hash ? this.#values[slot] : undefined;
      if (value && this.#keyOf(value) === key) return slot;
      slot = this.#after(slot);
    }
    return slot;
  }

  #emptyFrom(hash: number): number {
    let slot = this.#home(hash);
    while (this.#hashes[slot]) slot = this.#after(slot);
    return slot;
  }

  #closeGap(start: number): void {
    const slots = this.#hashes.length;
    let gap = start;
    let slot = this.#after(gap);
    for (let hash = this.#hashes[slot]; hash; hash = this.#hashes[slot]) {
      const fromHome = (slot - this.#home(hash) + slots) % slots;
      const fromGap = (slot - gap + slots) % slots;
      if (fromHome >= fromGap) {
        this.#write(gap, hash, this.#values[slot]);
        gap = slot;
      }
      slot = this.#after(slot);
    }
    this.#write(gap, 0, undefined);
  }

  #resize(): void {
    const hashes = this.#hashes;
    const values = this.#values;
    const slots = Math.max(LEAST_SLOTS, Math.ceil(this.size / ROOMY));
    this.#hashes = new Uint32Array(slots);
    this.#values = new Array<undefined>(slots).fill(undefined);
    for (let slot = 0; slot < hashes.length; slot++) {
      const hash = hashes[slot];
      if (hash) this.#write(this.#emptyFrom(hash), hash, values[slot]);
    }
  }

  /** The upper bits decide, since the lower ones chose the shard: any number of slots will do, not only a power of two. */
  #home(hash: number): number {
    return Math.floor((hash / 2 ** 32) * this.#hashes.length);
  }

  #after(slot: number): number {
    return slot + 1 === this.#hashes.length ? 0 : slot + 1;
  }

  #write(slot: number, hash: number, value: V | undefined): void {
    this.#hashes[slot] = hash;
    this.#values[slot] = value;
  }
}
