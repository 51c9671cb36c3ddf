import { type Cidr, firstHost, lastAddress, lastHost } from '../net/cidr.ts';
import { parseRange } from '../net/range.ts';
import { ownerKey } from './allocation.ts';
import type { NetworkSettings, Owner } from './events.ts';
import type { Reservation } from './reservation.ts';
import { clipSpans, joinSpans, type Span, spanAt, subtractSpans } from '../collections/span.ts';

/** Why an address is not given to just anybody, whether or not somebody holds it. */
export type Unassignable =
  'network address' | 'broadcast address' | 'gateway' | 'outside the ranges' | 'excluded' | Reservation;

const NONE: readonly Reservation[] = [];

/** A layout as somebody sees it. */
export type AssignableTo = Pick<Assignable, 'space' | 'firstUnassignable' | 'nextAssignable' | 'unassignableAt'>;

/**
 * Which addresses of a network may be given at all: its ranges without what is excluded or reserved. Intervals, however
 * large the network is; worked out anew when a setting changes.
 */
export class Assignable {
  /** All offsets of the network. */
  readonly space: Span;
  /** What anybody may be given; joined. */
  readonly usable: readonly Span[];
  readonly #hosts: Span;
  readonly #gateway: bigint | undefined;
  readonly #ranges: readonly Span[];
  readonly #excluded: readonly Span[];
  readonly #reservations: readonly Reservation[];
  readonly #owned = new Map<string, Reservation[]>();
  /** Reservations never overlap, except in a journal by another hand. */
  readonly #isDisjoint: boolean;
  readonly #without: (own: readonly Reservation[]) => Assignable;

  /** @param origin the address of offset 0 */
  constructor(
    cidr: Cidr,
    gateway: bigint | undefined,
    settings: Pick<NetworkSettings, 'ranges' | 'excluded'>,
    reservations: Iterable<Reservation>,
    origin: bigint,
  ) {
    const { ranges, excluded } = settings;
    const spansOf = (texts: readonly string[]) => {
      const spans = texts.flatMap((text) => {
        const range = parseRange(text); // checked when the event was decided
        return range ? [{ first: range.first - origin, last: range.last - origin }] : [];
      });
      return [...clipSpans(joinSpans(spans), this.space.first, this.space.last)];
    };
    this.space = { first: cidr.base - origin, last: lastAddress(cidr) - origin };
    this.#hosts = { first: firstHost(cidr) - origin, last: lastHost(cidr) - origin };
    this.#gateway = gateway === undefined ? undefined : gateway - origin;
    this.#ranges = ranges && ranges.length > 0 ? spansOf(ranges) : [this.space];
    this.#excluded = spansOf(excluded);
    this.#reservations = [...reservations].sort((a, b) => (a.first < b.first ? -1 : 1));
    for (const reservation of this.#reservations) {
      const key = reservation.owner && ownerKey(reservation.owner);
      if (key === undefined) continue;
      const owned = this.#owned.get(key);
      if (owned) owned.push(reservation);
      else this.#owned.set(key, [reservation]);
    }
    this.#isDisjoint = this.#reservations.every(({ first }, at, all) => first > (all[at - 1]?.last ?? first - 1n));
    this.#without = (own) => {
      const others = this.#reservations.filter((reservation) => !own.includes(reservation));
      return new Assignable(cidr, gateway, settings, others, origin);
    };
    const given = [...clipSpans(this.#ranges, this.#hosts.first, this.#hosts.last)];
    const gatewaySpan = this.#gateway === undefined ? [] : [{ first: this.#gateway, last: this.#gateway }];
    this.usable = subtractSpans(given, joinSpans([...this.#excluded, ...gatewaySpan, ...this.#reservations]));
  }

  /** The reservations for an owner, in order. */
  reservedFor(owner: Owner): readonly Reservation[] {
    const key = this.#owned.size === 0 ? undefined : ownerKey(owner);
    return (key === undefined ? undefined : this.#owned.get(key)) ?? NONE;
  }

  /** The layout as an owner sees it: what is reserved for it is open to it. */
  to(owner: Owner): AssignableTo {
    const own = this.reservedFor(owner);
    if (own.length === 0) return this;
    const { first } = this.space;
    // The network address among them, for a prefix, is rare: as are reservations that overlap.
    if (!this.#isDisjoint || own.some((one) => one.first <= first)) return this.#without(own);
    const gateway = this.#gateway === undefined ? [] : [{ first: this.#gateway, last: this.#gateway }];
    const opened = own.flatMap((one) => {
      const given = [...clipSpans(this.#ranges, one.first, one.last)].flatMap((span) => [
        ...clipSpans([span], this.#hosts.first, this.#hosts.last),
      ]);
      return subtractSpans(subtractSpans(given, [...clipSpans(this.#excluded, one.first, one.last)]), gateway);
    });
    const at = (offset: bigint) => spanAt(opened, offset) ?? spanAt(this.usable, offset);
    return {
      space: this.space,
      firstUnassignable: (span, isPrefix) => {
        for (let from = this.firstUnassignable(span, isPrefix); from !== undefined && from <= span.last;) {
          const open = at(from);
          if (!open) return from;
          from = open.last + 1n;
        }
        return undefined;
      },
      nextAssignable: (from) => {
        const usable = this.nextAssignable(from);
        for (const span of clipSpans(opened, from, this.space.last))
          return usable === undefined || span.first < usable ? span.first : usable;
        return usable;
      },
      unassignableAt: (offset) => (spanAt(opened, offset) ? undefined : this.unassignableAt(offset)),
    };
  }

  /** The first offset of a span that may not be given; undefined when all of it may. A prefix of several may begin with the network address. */
  firstUnassignable({ first, last }: Span, isPrefix: boolean): bigint | undefined {
    const isSpare = isPrefix && first < last && first === this.space.first && this.isSpareNetworkAddress;
    const at = isSpare ? first + 1n : first;
    const span = spanAt(this.usable, at);
    if (!span) return at;
    return span.last < last ? span.last + 1n : undefined;
  }

  /** The first usable offset that is `from` or more. */
  nextAssignable(from: bigint): bigint | undefined {
    for (const { first } of clipSpans(this.usable, from, this.space.last)) return first;
    return undefined;
  }

  /** What keeps an offset from being given to anybody; undefined for a usable one. */
  unassignableAt(offset: bigint): Unassignable | undefined {
    if (spanAt(this.usable, offset)) return undefined;
    if (offset === this.#gateway) return 'gateway';
    if (offset < this.#hosts.first) return 'network address';
    if (offset > this.#hosts.last) return 'broadcast address';
    if (spanAt(this.#excluded, offset)) return 'excluded';
    if (!spanAt(this.#ranges, offset)) return 'outside the ranges';
    return this.#reservations.find(({ first, last }) => offset >= first && offset <= last);
  }

  /** Whether a VM can have a span at all: without broadcast, the gateway and, unless it is a prefix, the network address. */
  isForHosts({ first, last }: Span, isPrefix: boolean): boolean {
    if (first < (isPrefix ? this.space.first : this.#hosts.first) || last > this.#hosts.last) return false;
    return this.#gateway === undefined || this.#gateway < first || this.#gateway > last;
  }

  /** Whether nothing but being the network address keeps the first offset from being given. */
  get isSpareNetworkAddress(): boolean {
    const { first } = this.space;
    if (first === this.#hosts.first || first === this.#gateway) return false;
    const isReserved = this.#reservations.some((reservation) => reservation.first <= first);
    return !isReserved && !spanAt(this.#excluded, first) && spanAt(this.#ranges, first) !== undefined;
  }

  /** Whether all of a span lies within one of the ranges. */
  isInRanges({ first, last }: Span): boolean {
    const range = spanAt(this.#ranges, first);
    return range !== undefined && last <= range.last;
  }
}
