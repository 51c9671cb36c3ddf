import type { Assignable } from './assignable.ts';
import { makeOffsets } from '../collections/make-offsets.ts';
import type { Offsets } from '../collections/offsets.ts';
import { ownBounds } from '../collections/own-bounds.ts';
import { SortedIntervals } from '../collections/sorted-intervals.ts';
import { clipSpans, joinSpans, type Span, subtractSpans } from '../collections/span.ts';

/** Offsets that somebody has a claim to. */
interface Claim {
  readonly offset: bigint;
  readonly last: bigint;
}

/** What others have a claim to. */
interface Claims {
  /** The claim that an offset belongs to. */
  at(offset: bigint): Claim | undefined;
  /** The claims from an offset on: several lists in order. */
  from(offset: bigint): Iterable<Iterable<Claim>>;
}

/**
 * Which offsets may be given now: what the layout allows, without what is allocated, cooling, or held by a decision under way.
 */
export class FreeSpace {
  #layout: Assignable;
  #free: Offsets;
  /** Decided but not yet durable. */
  readonly #held = new SortedIntervals<Claim>(ownBounds());
  readonly #claims: Claims;

  /** @param claims what else is not free */
  constructor(layout: Assignable, claims: Claims) {
    this.#claims = claims;
    this.#layout = layout;
    this.#free = this.#usable();
  }

  /** The offsets that may be given now. Read only. */
  get free(): Offsets {
    return this.#free;
  }

  get layout(): Assignable {
    return this.#layout;
  }

  /** Addresses that could be given to somebody else, those held by a decision under way included. */
  get available(): bigint {
    let available = this.#free.count;
    for (const { offset, last } of this.#held.values()) {
      // Delivered already, or it was cooling.
      const claims = [...this.#claimsWithin(offset, last)].map((claim) => ({ first: claim.offset, last: claim.last }));
      const usable = [...clipSpans(this.#layout.usable, offset, last)];
      for (const span of subtractSpans(usable, joinSpans(claims))) available += span.last - span.first + 1n;
    }
    return available;
  }

  /** Takes offsets: they have a claim from now on. */
  take({ offset, last }: Claim): void {
    this.#free.delete(offset, last);
  }

  /** Makes those of the offsets free that nobody has a claim to. */
  giveBack({ offset, last }: Claim): void {
    for (const span of clipSpans(this.#layout.usable, offset, last)) this.#free.add(span.first, span.last);
    for (const claim of this.#claimsWithin(offset, last)) this.take(claim);
    for (const claim of this.#held.from(offset)) {
      if (claim.offset > last) break;
      this.take(claim);
    }
  }

  /** Keeps offsets from the next decisions until {@link unhold}. */
  hold(offset: bigint, last: bigint): void {
    this.#held.set({ offset, last });
    this.take({ offset, last });
  }

  unhold(offset: bigint): void {
    const hold = this.#held.get(offset);
    if (!hold) return;
    this.#held.delete(hold);
    const given = this.#claims.at(offset); // mostly what was held for it: nothing becomes free
    if (given === undefined || given.last < hold.last) this.giveBack(hold);
  }

  /** Whether a decision under way has taken one of the offsets. */
  isHeld({ first, last }: Span): boolean {
    for (const hold of this.#held.from(first)) return hold.offset <= last;
    return false;
  }

  /** Goes on with another layout. `spans` are what may have changed; undefined: the space itself. */
  relay(layout: Assignable, spans?: readonly Span[]): void {
    this.#layout = layout;
    if (spans) {
      for (const { first, last } of spans) {
        this.#free.delete(first, last);
        this.giveBack({ offset: first, last });
      }
      return;
    }
    this.#free = this.#usable();
    this.giveBack({ offset: layout.space.first, last: layout.space.last });
  }

  *#claimsWithin(first: bigint, last: bigint): Generator<Claim> {
    for (const claims of this.#claims.from(first)) {
      for (const claim of claims) {
        if (claim.offset > last) break;
        yield claim;
      }
    }
  }

  #usable(): Offsets {
    const { space, usable } = this.#layout;
    const free = makeOffsets(space.first, space.last - space.first + 1n);
    for (const { first, last } of usable) free.add(first, last);
    return free;
  }
}
