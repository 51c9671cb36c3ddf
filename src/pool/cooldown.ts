import { ownerKey } from './allocation.ts';
import { Deadlines } from '../collections/deadline-heap.ts';
import type { Owner } from './events.ts';
import { Numbered } from '../collections/free-list.ts';
import { ownBounds, Sorted } from '../collections/sorted-intervals.ts';
import type { Span } from '../collections/span.ts';
import { TextIndex } from '../collections/hash-index.ts';

/** Deadlines that may be out of date before they are looked through. */
const SPARE = 1024;

/** A released address and its previous owner. */
export interface Memory extends Owner {
  readonly offset: bigint;
  readonly last: bigint;
  /** Until then nobody else gets it; milliseconds since 1970, 0: free at once. */
  readonly cooling_until: number;
  /** Until then its previous owner gets it back if nobody has it; 0: not for that reason. */
  readonly sticky_until: number;
}

type Place = Pick<Memory, 'offset' | 'last'>;

/** What becomes of memories when addresses are given. */
export interface Ending {
  /** Ended, of those that are kept in mind … */
  readonly kept: Memory[];
  /** … and of those that are only cooling. */
  readonly superseded: Memory[];
  /** Kept in mind from now on, */
  readonly keptOn: Memory[];
  /** and only cooling. */
  readonly coolingOn: Memory[];
}

/**
 * Released addresses for as long as they mean something to somebody: cooling, or kept in mind for their previous owner.
 *
 *     released        cooling_until            sticky_until
 *        |--- cooling ------|--- free, sticky -------|--- forgotten
 *
 * Time is handed in: {@link expire} ends what is over.
 */
export class Memories {
  readonly #cooling = new Sorted<Memory>(ownBounds());
  readonly #kept = new Numbered<Memory>();
  readonly #byOwner: TextIndex;
  readonly #coolingEnds = new Deadlines<Memory>();
  readonly #stickyEnds = new Deadlines<Memory>();
  #addresses = 0n;

  /** @param seed of the hash over owners */
  constructor(seed: number) {
    const isOf = (memory: Memory | undefined, key: string) => memory !== undefined && ownerKey(memory) === key;
    this.#byOwner = new TextIndex((number, key) => isOf(this.#kept.get(number), key), seed);
  }

  get isEmpty(): boolean {
    return this.#cooling.size === 0 && this.#byOwner.size === 0;
  }

  /** How many addresses are cooling. */
  get cooling(): bigint {
    return this.#addresses;
  }

  /** What is cooling at an offset. */
  at(offset: bigint): Memory | undefined {
    return this.#cooling.get(offset);
  }

  /** What is cooling from an offset on, in order. */
  from(offset: bigint): Iterable<Memory> {
    return this.#cooling.from(offset);
  }

  /** What an owner had. */
  of(owner: Owner): Memory | undefined {
    const key = this.#byOwner.size === 0 ? undefined : ownerKey(owner);
    const number = key === undefined ? undefined : this.#byOwner.get(key);
    return number === undefined ? undefined : this.#kept.get(number);
  }

  /** What is kept in mind for owners, of now. */
  kept(): Memory[] {
    const kept: Memory[] = [];
    for (const memory of this.#kept.values()) {
      // Given to somebody else before its time, it is not cooling any more.
      const isEnded = memory.cooling_until > 0 && !this.#isCooling(memory);
      kept.push(isEnded ? { ...memory, cooling_until: 0 } : memory);
    }
    return kept;
  }

  /** What is cooling and not kept in mind for its owner, who has had something else since. */
  superseded(): Memory[] {
    return this.#cooling.values().filter((memory) => this.of(memory) !== memory);
  }

  add(memory: Memory): void {
    const { cooling_until, sticky_until } = memory;
    this.cool(memory);
    const key = ownerKey(memory);
    if (key === undefined) return;
    this.#forget(memory);
    this.#byOwner.add(key, this.#kept.add(memory));
    if (sticky_until > cooling_until) this.#stickyEnds.add(sticky_until, memory);
    this.#tidy();
  }

  /** Lets addresses cool that nobody gets back but by name. */
  cool(memory: Memory): void {
    const { offset, last, cooling_until } = memory;
    if (cooling_until === 0) return;
    this.#warm(memory); // two words about one address, of two nodes: the later one counts
    this.#cooling.set(memory);
    this.#addresses += last - offset + 1n;
    this.#coolingEnds.add(cooling_until, memory);
  }

  /** Forgets everything that is not within a span. */
  keepWithin(span: Span): void {
    for (const memory of this.#cooling.values()) if (!isWithin(memory, span)) this.#stopCooling(memory);
    for (const memory of this.#kept.values()) if (!isWithin(memory, span)) this.#forget(memory);
  }

  /** What {@link giveUp} would end and what of that would go on, while nothing has changed yet. */
  ending(given: Owner & Place): Ending {
    const own = this.of(given);
    const ending: Ending = { kept: own ? [own] : [], superseded: [], keptOn: [], coolingOn: [] };
    if (this.#cooling.size === 0) return ending;
    if (own && this.#isCooling(own) && !(own.offset <= given.last && own.last >= given.offset)) {
      ending.coolingOn.push(own);
    }
    for (const memory of this.#cooling.from(given.offset)) {
      if (memory.offset > given.last) break;
      ending.coolingOn.push(...around(memory, given));
      if (memory === own) continue;
      const isKept = this.of(memory) === memory;
      ending[isKept ? 'kept' : 'superseded'].push(memory);
      if (isKept && memory.sticky_until > 0) ending.keptOn.push({ ...memory, cooling_until: 0 });
    }
    return ending;
  }

  /**
   * Somebody got addresses: they are not cooling any more, and what that owner had before means nothing to it now. The
   * rest of a range that they are of cools on.
   */
  giveUp(given: Owner & Place): void {
    this.#forget(given);
    this.#warm(given);
  }

  /** Ends what is over by now. Returns what is cooling no longer. */
  expire(now: number): Memory[] {
    const freed: Memory[] = [];
    for (let next = this.#coolingEnds.peek(); next && next.at <= now; next = this.#coolingEnds.peek()) {
      const { value: memory } = next;
      this.#coolingEnds.pop();
      if (this.#isCooling(memory)) {
        this.#stopCooling(memory);
        freed.push(memory);
      }
      if (memory.sticky_until <= now) this.#drop(memory);
    }
    for (let next = this.#stickyEnds.peek(); next && next.at <= now; next = this.#stickyEnds.peek()) {
      this.#stickyEnds.pop();
      this.#drop(next.value);
    }
    return freed;
  }

  /** The addresses that have been cooling longest, of those that may be had. */
  oldest(mayHave: (memory: Memory) => boolean): Memory | undefined {
    // Held by decisions under way, or blocked: few, and they stay in the heap.
    const passed: Memory[] = [];
    let oldest: Memory | undefined;
    for (let next = this.#coolingEnds.peek(); next; next = this.#coolingEnds.peek()) {
      const { value: memory } = next;
      if (this.#isCooling(memory) && mayHave(memory)) {
        oldest = memory;
        break;
      }
      this.#coolingEnds.pop();
      if (this.#isCooling(memory)) passed.push(memory);
    }
    for (const memory of passed) this.#coolingEnds.add(memory.cooling_until, memory);
    return oldest;
  }

  /** What is cooling of a place is not any more; the rest of a range that it is of cools on. */
  #warm(place: Place): void {
    if (this.#cooling.size === 0) return;
    const rest: Memory[] = [];
    for (const memory of this.#cooling.from(place.offset)) {
      if (memory.offset > place.last) break;
      this.#stopCooling(memory);
      rest.push(...around(memory, place));
      if (this.of(memory) !== memory) continue;
      const { cooling_until, sticky_until } = memory;
      if (sticky_until === 0) this.#forget(memory);
      else if (sticky_until <= cooling_until) this.#stickyEnds.add(sticky_until, memory);
    }
    for (const memory of rest) this.cool(memory);
    if (rest.length > 0) this.#tidy();
  }

  #stopCooling(memory: Memory): void {
    this.#cooling.delete(memory);
    this.#addresses -= memory.last - memory.offset + 1n;
  }

  #forget(owner: Owner): void {
    const key = this.#byOwner.size === 0 ? undefined : ownerKey(owner);
    const number = key === undefined ? undefined : this.#byOwner.get(key);
    if (key === undefined || number === undefined) return;
    this.#byOwner.delete(key, number);
    this.#kept.delete(number);
  }

  #isCooling(memory: Memory): boolean {
    return this.#cooling.get(memory.offset) === memory;
  }

  #drop(memory: Memory): void {
    if (this.of(memory) === memory) this.#forget(memory);
  }

  /** Owners that come and go leave their old deadlines behind. */
  #tidy(): void {
    if (this.#coolingEnds.size > 2 * this.#cooling.size + SPARE) {
      this.#coolingEnds.compact((_, memory) => this.#isCooling(memory));
    }
    if (this.#stickyEnds.size > 2 * this.#byOwner.size + SPARE) {
      this.#stickyEnds.compact((_, memory) => this.of(memory) === memory);
    }
  }
}

/** Whether all of a place is within a span. */
export function isWithin({ offset, last: end }: Place, { first, last }: Span): boolean {
  return offset >= first && end <= last;
}

/** What of a memory is before and behind a place in it. */
function around(memory: Memory, { offset, last }: Place): Memory[] {
  const rest: Memory[] = [];
  if (memory.offset < offset) rest.push({ ...memory, last: offset - 1n });
  if (memory.last > last) rest.push({ ...memory, offset: last + 1n });
  return rest;
}
