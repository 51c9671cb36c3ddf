import { ownerKey } from './allocation.ts';
import type { CoolingSpan, Ending } from './cooling-span.ts';
import { DeadlineHeap } from '../collections/deadline-heap.ts';
import type { Owner } from './events.ts';
import { FreeList } from '../collections/free-list.ts';
import { ownBounds } from '../collections/own-bounds.ts';
import { SortedIntervals } from '../collections/sorted-intervals.ts';
import type { Span } from '../collections/span.ts';
import { HashIndex } from '../collections/hash-index.ts';

/** Deadlines that may be out of date before they are looked through. */
const SPARE = 1024;

type Place = Pick<CoolingSpan, 'offset' | 'last'>;

/**
 * Released addresses for as long as they mean something to somebody: cooling, or kept in mind for their previous owner.
 *
 *     released        cooling_until            sticky_until
 *        |--- cooling ------|--- free, sticky -------|--- forgotten
 *
 * Time is handed in: {@link expire} ends what is over.
 */
export class Cooldown {
  readonly #cooling = new SortedIntervals<CoolingSpan>(ownBounds());
  readonly #kept = new FreeList<CoolingSpan>();
  readonly #byOwner: HashIndex;
  readonly #coolingEnds = new DeadlineHeap<CoolingSpan>();
  readonly #stickyEnds = new DeadlineHeap<CoolingSpan>();
  #addresses = 0n;

  /** @param seed of the hash over owners */
  constructor(seed: number) {
    const isOf = (cooling: CoolingSpan | undefined, key: string) => cooling !== undefined && ownerKey(cooling) === key;
    this.#byOwner = new HashIndex((number, key) => isOf(this.#kept.get(number), key), seed);
  }

  get isEmpty(): boolean {
    return this.#cooling.size === 0 && this.#byOwner.size === 0;
  }

  /** How many addresses are cooling. */
  get cooling(): bigint {
    return this.#addresses;
  }

  /** What is cooling at an offset. */
  at(offset: bigint): CoolingSpan | undefined {
    return this.#cooling.get(offset);
  }

  /** What is cooling from an offset on, in order. */
  from(offset: bigint): Iterable<CoolingSpan> {
    return this.#cooling.from(offset);
  }

  /** What an owner had. */
  of(owner: Owner): CoolingSpan | undefined {
    const key = this.#byOwner.size === 0 ? undefined : ownerKey(owner);
    const number = key === undefined ? undefined : this.#byOwner.get(key);
    return number === undefined ? undefined : this.#kept.get(number);
  }

  /** What is kept in mind for owners, of now. */
  kept(): CoolingSpan[] {
    const kept: CoolingSpan[] = [];
    for (const cooling of this.#kept.values()) {
      // Given to somebody else before its time, it is not cooling any more.
      const isEnded = cooling.cooling_until > 0 && !this.#isCooling(cooling);
      kept.push(isEnded ? { ...cooling, cooling_until: 0 } : cooling);
    }
    return kept;
  }

  /** What is cooling and not kept in mind for its owner, who has had something else since. */
  superseded(): CoolingSpan[] {
    return this.#cooling.values().filter((cooling) => this.of(cooling) !== cooling);
  }

  add(cooling: CoolingSpan): void {
    const { cooling_until, sticky_until } = cooling;
    this.cool(cooling);
    const key = ownerKey(cooling);
    if (key === undefined) return;
    this.#forget(cooling);
    this.#byOwner.add(key, this.#kept.add(cooling));
    if (sticky_until > cooling_until) this.#stickyEnds.add(sticky_until, cooling);
    this.#tidy();
  }

  /** Lets addresses cool that nobody gets back but by name. */
  cool(cooling: CoolingSpan): void {
    const { offset, last, cooling_until } = cooling;
    if (cooling_until === 0) return;
    this.#warm(cooling); // two words about one address, of two nodes: the later one counts
    this.#cooling.set(cooling);
    this.#addresses += last - offset + 1n;
    this.#coolingEnds.add(cooling_until, cooling);
  }

  /** Forgets everything that is not within a span. */
  keepWithin(span: Span): void {
    for (const cooling of this.#cooling.values()) if (!isWithin(cooling, span)) this.#stopCooling(cooling);
    for (const cooling of this.#kept.values()) if (!isWithin(cooling, span)) this.#forget(cooling);
  }

  /** What {@link giveUp} would end and what of that would go on, while nothing has changed yet. */
  ending(given: Owner & Place): Ending {
    const own = this.of(given);
    const ending: Ending = { kept: own ? [own] : [], superseded: [], keptOn: [], coolingOn: [] };
    if (this.#cooling.size === 0) return ending;
    if (own && this.#isCooling(own) && !(own.offset <= given.last && own.last >= given.offset)) {
      ending.coolingOn.push(own);
    }
    for (const cooling of this.#cooling.from(given.offset)) {
      if (cooling.offset > given.last) break;
      ending.coolingOn.push(...around(cooling, given));
      if (cooling === own) continue;
      const isKept = this.of(cooling) === cooling;
      ending[isKept ? 'kept' : 'superseded'].push(cooling);
      if (isKept && cooling.sticky_until > 0) ending.keptOn.push({ ...cooling, cooling_until: 0 });
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
  expire(now: number): CoolingSpan[] {
    const freed: CoolingSpan[] = [];
    for (let next = this.#coolingEnds.peek(); next && next.at <= now; next = this.#coolingEnds.peek()) {
      const { value: cooling } = next;
      this.#coolingEnds.pop();
      if (this.#isCooling(cooling)) {
        this.#stopCooling(cooling);
        freed.push(cooling);
      }
      if (cooling.sticky_until <= now) this.#drop(cooling);
    }
    for (let next = this.#stickyEnds.peek(); next && next.at <= now; next = this.#stickyEnds.peek()) {
      this.#stickyEnds.pop();
      this.#drop(next.value);
    }
    return freed;
  }

  /** The addresses that have been cooling longest, of those that may be had. */
  oldest(mayHave: (cooling: CoolingSpan) => boolean): CoolingSpan | undefined {
    // Held by decisions under way, or blocked: few, and they stay in the heap.
    const passed: CoolingSpan[] = [];
    let oldest: CoolingSpan | undefined;
    for (let next = this.#coolingEnds.peek(); next; next = this.#coolingEnds.peek()) {
      const { value: cooling } = next;
      if (this.#isCooling(cooling) && mayHave(cooling)) {
        oldest = cooling;
        break;
      }
      this.#coolingEnds.pop();
      if (this.#isCooling(cooling)) passed.push(cooling);
    }
    for (const cooling of passed) this.#coolingEnds.add(cooling.cooling_until, cooling);
    return oldest;
  }

  /** What is cooling of a place is not any more; the rest of a range that it is of cools on. */
  #warm(place: Place): void {
    if (this.#cooling.size === 0) return;
    const rest: CoolingSpan[] = [];
    for (const cooling of this.#cooling.from(place.offset)) {
      if (cooling.offset > place.last) break;
      this.#stopCooling(cooling);
      rest.push(...around(cooling, place));
      if (this.of(cooling) !== cooling) continue;
      const { cooling_until, sticky_until } = cooling;
      if (sticky_until === 0) this.#forget(cooling);
      else if (sticky_until <= cooling_until) this.#stickyEnds.add(sticky_until, cooling);
    }
    for (const cooling of rest) this.cool(cooling);
    if (rest.length > 0) this.#tidy();
  }

  #stopCooling(cooling: CoolingSpan): void {
    this.#cooling.delete(cooling);
    this.#addresses -= cooling.last - cooling.offset + 1n;
  }

  #forget(owner: Owner): void {
    const key = this.#byOwner.size === 0 ? undefined : ownerKey(owner);
    const number = key === undefined ? undefined : this.#byOwner.get(key);
    if (key === undefined || number === undefined) return;
    this.#byOwner.delete(key, number);
    this.#kept.delete(number);
  }

  #isCooling(cooling: CoolingSpan): boolean {
    return this.#cooling.get(cooling.offset) === cooling;
  }

  #drop(cooling: CoolingSpan): void {
    if (this.of(cooling) === cooling) this.#forget(cooling);
  }

  /** Owners that come and go leave their old deadlines behind. */
  #tidy(): void {
    if (this.#coolingEnds.size > 2 * this.#cooling.size + SPARE) {
      this.#coolingEnds.compact((_, cooling) => this.#isCooling(cooling));
    }
    if (this.#stickyEnds.size > 2 * this.#byOwner.size + SPARE) {
      this.#stickyEnds.compact((_, cooling) => this.of(cooling) === cooling);
    }
  }
}

/** Whether all of a place is within a span. */
export function isWithin({ offset, last: end }: Place, { first, last }: Span): boolean {
  return offset >= first && end <= last;
}

/** What of a memory is before and behind a place in it. */
function around(cooling: CoolingSpan, { offset, last }: Place): CoolingSpan[] {
  const rest: CoolingSpan[] = [];
  if (cooling.offset < offset) rest.push({ ...cooling, last: offset - 1n });
  if (cooling.last > last) rest.push({ ...cooling, offset: last + 1n });
  return rest;
}
