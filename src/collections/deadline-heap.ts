/** A point of time, and what is due then. */
export interface HeapEntry<V> {
  readonly at: number;
  readonly value: V;
}

/**
 * Deadlines, the earliest first: a binary heap in two arrays, 16 bytes a deadline.
 *
 * One that no longer holds (renewed, released) is not taken out, which would need its place in the heap: who takes a
 * deadline checks whether it still holds, and drops the stale ones by `compact` when they are many.
 */
export class DeadlineHeap<V> {
  #times: number[] = [];
  #values: V[] = [];

  /** How many deadlines, stale ones included. */
  get size(): number {
    return this.#times.length;
  }

  add(at: number, value: V): void {
    let index = this.size;
    this.#times.push(at);
    this.#values.push(value);
    while (index > 0) {
      const parent = (index - 1) >>> 1;
      if (this.#time(parent) <= at) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  /** The earliest deadline; of several at the same time, any. */
  peek(): HeapEntry<V> | undefined {
    const [at] = this.#times;
    return at === undefined ? undefined : { at, value: this.#values[0] as V };
  }

  /** Takes the earliest deadline out. */
  pop(): HeapEntry<V> | undefined {
    const earliest = this.peek();
    if (!earliest) return undefined;
    this.#swap(0, this.size - 1);
    this.#times.pop();
    this.#values.pop();
    this.#sink(0);
    return earliest;
  }

  /** Keeps only the deadlines that `keep` says yes to; takes time in proportion to their number. */
  compact(keep: (at: number, value: V) => boolean): void {
    const times = this.#times;
    const values = this.#values;
    this.#times = [];
    this.#values = [];
    for (const [index, at] of times.entries()) {
      const value = values[index] as V;
      if (!keep(at, value)) continue;
      this.#times.push(at);
      this.#values.push(value);
    }
    for (let index = (this.size >>> 1) - 1; index >= 0; index--) this.#sink(index);
  }

  #sink(start: number): void {
    let index = start;
    for (;;) {
      const left = 2 * index + 1;
      const child = this.#time(left + 1) < this.#time(left) ? left + 1 : left;
      if (this.#time(child) >= this.#time(index)) return;
      this.#swap(index, child);
      index = child;
    }
  }

  /** Behind the end nothing is ever due. */
  #time(index: number): number {
    return this.#times[index] ?? Infinity;
  }

  #swap(a: number, b: number): void {
    const at = this.#time(a);
    this.#times[a] = this.#time(b);
    this.#times[b] = at;
    const value = this.#values[a] as V;
    this.#values[a] = this.#values[b] as V;
    this.#values[b] = value;
  }
}
