import type { Bounds, Intervals } from './intervals.ts';

/** An insert moves half a chunk on average: 2 KB. With 1 M values the list of chunks is 2,000 to 4,000 long. */
const CHUNK_SIZE = 512;
const HALF = CHUNK_SIZE / 2;
/** A chunk with fewer values than this joins a neighbour, if both together leave room to grow. */
const LEAN = CHUNK_SIZE / 4;
const JOINED = (CHUNK_SIZE / 4) * 3;

/**
 * Intervals of a large space, in chunks that are sorted among each other and within.
 *
 *     chunks   [ 0–0 5–9 … ] [ 700–700 701–701 … ] [ 2^64–2^64 … ]
 *
 * A full chunk is cut in the middle; but where values come in ascending order, behind the one that came last, so that
 * chunks filled in order (a bulk load, or one address after the other) stay full: 9 bytes a value, and 11 to 16 where
 * they come in any order.
 */
export class SortedIntervals<V> implements Intervals<V> {
  readonly #bounds: Bounds<V>;
  readonly #chunks: V[][] = [];
  /** Where each chunk begins, rounded: side by side in memory, so that only a tie has to read the value itself. */
  readonly #starts: number[] = [];
  #size = 0;
  /** Counts up when values change their places: an iteration has to find its own again. */
  #moves = 0;
  #newest: V | undefined;

  /** @param bounds of the values, which must stay readable until they are out */
  constructor(bounds: Bounds<V>) {
    this.#bounds = bounds;
  }

  get size(): number {
    return this.#size;
  }

  get(offset: bigint): V | undefined {
    const chunk = this.#chunks[this.#chunkAt(offset)];
    const value = chunk?.[this.#indexAt(chunk, offset)];
    return value !== undefined && this.#bounds.offset(value) <= offset ? value : undefined;
  }

  next(offset: bigint): V | undefined {
    const at = this.#chunkAt(offset);
    const chunk = this.#chunks[at] ?? [];
    return chunk[this.#indexAt(chunk, offset)] ?? this.#chunks[at + 1]?.[0];
  }

  set(value: V): void {
    const offset = this.#bounds.offset(value);
    const at = this.#chunkAt(offset);
    const chunk = this.#chunks[at];
    if (!chunk) {
      this.#splice(0, 0, [value]);
      this.#added(value);
      return;
    }
    const index = this.#indexAt(chunk, offset);
    if (this.#begins(chunk[index], offset)) {
      chunk[index] = value;
      return;
    }
    if (chunk.length === CHUNK_SIZE) this.#insertIntoFull(at, chunk, index, value);
    else insert(chunk, index, value);
    if (index === 0) this.#restart(at);
    this.#added(value);
  }

  delete(value: V): void {
    const offset = this.#bounds.offset(value);
    const at = this.#chunkAt(offset);
    const chunk = this.#chunks[at];
    if (!chunk) return;
    const index = this.#indexAt(chunk, offset);
    if (!this.#begins(chunk[index], offset)) return;
    if (index === 0) chunk.shift();
    else chunk.splice(index, 1);
    this.#size--;
    this.#moves++;
    if (index === 0) this.#restart(at);
    this.#joinNeighbour(at);
  }

  /** Puts a value in the place of one that is there, within whose bounds it is. */
  replace(value: V, by: V): void {
    const offset = this.#bounds.offset(value);
    const at = this.#chunkAt(offset);
    const chunk = this.#chunks[at] ?? [];
    const index = this.#indexAt(chunk, offset);
    if (!this.#begins(chunk[index], offset)) return;
    chunk[index] = by;
    this.#moves++;
    if (index === 0) this.#restart(at);
  }

  /** Takes out all values that hold any offset of first..last, and returns them in order. */
  take(first: bigint, last: bigint): V[] {
    const start = this.#chunkAt(first);
    const taken: V[][] = [];
    let emptied = 0;
    for (let at = start; at < this.#chunks.length; at++) {
      const chunk = this.#chunks[at] ?? [];
      const index = this.#indexAt(chunk, first);
      let end = index;
      while (end < chunk.length && this.#offset(chunk[end], last) <= last) end++;
      const more = end === chunk.length;
      if (end > index) taken.push(chunk.splice(index, end - index));
      if (index === 0) this.#restart(at);
      if (chunk.length === 0) emptied++;
      if (!more) break;
    }
    const values = taken.length === 1 ? (taken[0] ?? []) : taken.flat();
    if (values.length === 0) return values;
    this.#size -= values.length;
    this.#moves++;
    // Only the first chunk keeps values below `first`: what was emptied are neighbours, in front of it or behind it.
    if (emptied > 0) this.#splice(this.#chunks[start]?.length === 0 ? start : start + 1, emptied);
    this.#joinNeighbour(start + 1);
    this.#joinNeighbour(start);
    return values;
  }

  *from(offset: bigint): Generator<V, void, void> {
    let at = this.#chunkAt(offset);
    let index = this.#indexAt(this.#chunks[at] ?? [], offset);
    let moves = this.#moves;
    for (let chunk = this.#chunks[at]; chunk; chunk = this.#chunks[at]) {
      const value = chunk[index];
      if (value === undefined) {
        at++;
        index = 0;
        continue;
      }
      const last = this.#bounds.last(value); // it may be gone when we come back
      yield value;
      index++;
      if (moves === this.#moves) continue;
      moves = this.#moves;
      at = this.#chunkAt(last);
      const here = this.#chunks[at] ?? [];
      index = this.#indexAt(here, last);
      if (this.#offset(here[index], last + 1n) <= last) index++;
    }
  }

  /** All values in order. */
  values(): V[] {
    return this.#chunks.flat();
  }

  /** The last chunk that begins at `offset` or before; 0 when there is none. */
  #chunkAt(offset: bigint): number {
    const rounded = Number(offset);
    let low = 0;
    let high = this.#chunks.length - 1;
    let middle = high; // first look at the end, where values that come in order go
    while (low < high) {
      const start = this.#starts[middle] ?? 0;
      if (start < rounded || (start === rounded && this.#beginsBy(middle, offset))) low = middle;
      else high = middle - 1;
      middle = (low + high + 1) >>> 1;
    }
    return low;
  }

  /** The first value of a chunk that ends at `offset` or later; its length when there is none. */
  #indexAt(chunk: readonly V[], offset: bigint): number {
    let low = 0;
    let high = chunk.length;
    let middle = high - 1; // first look at the end, where values that come in order go
    while (low < high) {
      const value = chunk[middle];
      if (value !== undefined && this.#bounds.last(value) < offset) low = middle + 1;
      else high = middle;
      middle = (low + high) >>> 1;
    }
    return low;
  }

  #offset(value: V | undefined, otherwise: bigint): bigint {
    return value === undefined ? otherwise : this.#bounds.offset(value);
  }

  #begins(value: V | undefined, offset: bigint): boolean {
    return value !== undefined && this.#bounds.offset(value) === offset;
  }

  #beginsBy(at: number, offset: bigint): boolean {
    const first = this.#chunks[at]?.[0];
    return first !== undefined && this.#bounds.offset(first) <= offset;
  }

  /** Replaces `count` chunks by others. */
  #splice(at: number, count: number, ...chunks: V[][]): void {
    this.#chunks.splice(at, count, ...chunks);
    this.#starts.splice(at, count, ...chunks.map((chunk) => Number(this.#offset(chunk[0], 0n))));
  }

  /** The first value of a chunk is another one now. */
  #restart(at: number): void {
    const first = this.#chunks[at]?.[0];
    if (first !== undefined) this.#starts[at] = Number(this.#bounds.offset(first));
  }

  #added(value: V): void {
    this.#size++;
    this.#moves++;
    this.#newest = value;
  }

  #insertIntoFull(at: number, chunk: V[], index: number, value: V): void {
    const ascending = index > HALF && chunk[index - 1] === this.#newest;
    const cut = ascending ? index : HALF;
    if (cut === chunk.length) {
      this.#splice(at + 1, 0, [value]);
      return;
    }
    const left = chunk.slice(0, cut);
    const right = chunk.slice(cut);
    if (index <= cut) insert(left, index, value);
    else insert(right, index - cut, value);
    this.#splice(at, 1, left, right);
  }

  #joinNeighbour(at: number): void {
    const chunk = this.#chunks[at];
    if (!chunk || chunk.length >= LEAN) return;
    if (chunk.length === 0) {
      this.#splice(at, 1);
      return;
    }
    for (const left of [at, at - 1]) {
      const first = this.#chunks[left];
      const second = this.#chunks[left + 1];
      if (!first || !second || first.length + second.length > JOINED) continue;
      this.#splice(left, 2, first.concat(second));
      return;
    }
  }
}

function insert<V>(chunk: V[], index: number, value: V): void {
  if (index === chunk.length) chunk.push(value);
  else chunk.splice(index, 0, value);
}
