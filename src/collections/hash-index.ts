import { KeyedHash } from './keyed-hash.ts';

const SHARDS = 64;
/** Fuller than this, probes get long; a table made anew is filled to `ROOMY`, so that it holds 11 to 13 bytes an entry. */
const CROWDED = 0.75;
const ROOMY = 0.6;
/** Emptier than this, a table is made smaller. */
const DESERTED = 0.25;
const LEAST_SLOTS = 8;

/** Whether what a number stands for has a text. */
type HasText = (number: number, text: string) => boolean;

/**
 * Text to numbers, for many millions, with the texts read from what the numbers (1 to 2^32 - 1) stand for.
 *
 * Not a Map: it ends at 2^24 entries, stops everything for a second when it grows beyond some millions, and keeps deleted
 * entries in its chains until then. Here the texts are spread over 64 tables by their hash, of which one grows at a time.
 */
export class HashIndex {
  readonly #shards: (Shard | undefined)[] = new Array<undefined>(SHARDS).fill(undefined);
  readonly #hash: KeyedHash;
  readonly #hasText: HasText;
  #size = 0;

  /** `seed` should be drawn at random, 0 to 2^53 - 1: who does not know it cannot choose texts that collide. */
  constructor(hasText: HasText, seed: number) {
    this.#hasText = hasText;
    this.#hash = new KeyedHash(seed);
  }

  get size(): number {
    return this.#size;
  }

  /** The number that has a text; of several, any. */
  get(text: string): number | undefined {
    if (this.#size === 0) return undefined;
    const hash = this.#hash.of(text);
    const shard = this.#shards[hash % SHARDS];
    for (let slot = shard?.find(hash) ?? -1; shard && slot >= 0; slot = shard.findNext(slot, hash)) {
      const number = shard.numberAt(slot);
      if (this.#hasText(number, text)) return number;
    }
    return undefined;
  }

  /** The numbers that have a text, in no order. */
  all(text: string): number[] {
    const hash = this.#hash.of(text);
    const numbers = this.#shards[hash % SHARDS]?.numbersOf(hash) ?? [];
    return numbers.filter((number) => this.#hasText(number, text));
  }

  /** Puts a number in, beside others that have the same text. */
  add(text: string, number: number): void {
    const hash = this.#hash.of(text);
    (this.#shards[hash % SHARDS] ??= new Shard()).add(hash, number);
    this.#size++;
  }

  /** Takes a number out; nothing happens when it is not there. */
  delete(text: string, number: number): void {
    const hash = this.#hash.of(text);
    if (this.#shards[hash % SHARDS]?.delete(hash, number)) this.#size--;
  }
}

/**
 * One table: open addressing, linear probing. An entry stands in its home slot or behind it with no empty slot between;
 * to delete one moves those behind it up, so that no marks of deleted entries slow down what comes later.
 *
 *     slots   | hash, number | 0, 0 | hash, number | hash, number | …      side by side: a probe reads one cache line
 */
class Shard {
  /** Two words a slot; a hash of 0 marks an empty one. */
  #words = new Uint32Array(LEAST_SLOTS * 2);
  #slots = LEAST_SLOTS;
  #size = 0;

  numberAt(slot: number): number {
    return this.#words[slot * 2 + 1] ?? 0;
  }

  /** The first slot of a hash; -1 when there is none. */
  find(hash: number): number {
    return this.#findFrom(this.#home(hash), hash);
  }

  findNext(slot: number, hash: number): number {
    return this.#findFrom(this.#after(slot), hash);
  }

  numbersOf(hash: number): number[] {
    const numbers: number[] = [];
    for (let slot = this.find(hash); slot >= 0; slot = this.findNext(slot, hash)) numbers.push(this.numberAt(slot));
    return numbers;
  }

  add(hash: number, number: number): void {
    if (this.#size >= this.#slots * CROWDED) this.#resize(this.#size + 1);
    this.#size++;
    this.#put(hash, number);
  }

  delete(hash: number, number: number): boolean {
    let slot = this.find(hash);
    while (slot >= 0 && this.numberAt(slot) !== number) slot = this.findNext(slot, hash);
    if (slot < 0) return false;
    this.#size--;
    this.#closeGap(slot);
    if (this.#slots > LEAST_SLOTS && this.#size < this.#slots * DESERTED) this.#resize(this.#size);
    return true;
  }

  #findFrom(start: number, hash: number): number {
    let slot = start;
    for (let held = this.#hashAt(slot); held !== 0; held = this.#hashAt(slot)) {
      if (held === hash) return slot;
      slot = this.#after(slot);
    }
    return -1;
  }

  #put(hash: number, number: number): void {
    let slot = this.#home(hash);
    while (this.#hashAt(slot) !== 0) slot = this.#after(slot);
    this.#write(slot, hash, number);
  }

  #closeGap(start: number): void {
    let gap = start;
    let slot = this.#after(gap);
    for (let hash = this.#hashAt(slot); hash !== 0; hash = this.#hashAt(slot)) {
      const fromHome = (slot - this.#home(hash) + this.#slots) % this.#slots;
      const fromGap = (slot - gap + this.#slots) % this.#slots;
      if (fromHome >= fromGap) {
        this.#write(gap, hash, this.numberAt(slot));
        gap = slot;
      }
      slot = this.#after(slot);
    }
    this.#write(gap, 0, 0);
  }

  /** @param size for how many entries */
  #resize(size: number): void {
    const words = this.#words;
    this.#slots = Math.max(LEAST_SLOTS, Math.ceil(size / ROOMY));
    this.#words = new Uint32Array(this.#slots * 2);
    for (let at = 0; at < words.length; at += 2) {
      const hash = words[at] ?? 0;
      if (hash !== 0) this.#put(hash, words[at + 1] ?? 0);
    }
  }

  #hashAt(slot: number): number {
    return this.#words[slot * 2] ?? 0;
  }

  /** The upper bits decide, since the lower ones chose the shard: any number of slots will do, not only a power of two. */
  #home(hash: number): number {
    return Math.floor((hash / 2 ** 32) * this.#slots);
  }

  #after(slot: number): number {
    return slot + 1 === this.#slots ? 0 : slot + 1;
  }

  #write(slot: number, hash: number, number: number): void {
    this.#words[slot * 2] = hash;
    this.#words[slot * 2 + 1] = number;
  }
}
