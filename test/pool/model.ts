import { type Cidr, lastAddress, sizeOf } from '../../src/net/cidr.ts';
import type { Range } from '../../src/net/range.ts';
import type { CooldownPolicy } from '../../src/pool/events.ts';
import type { StrategyName } from '../../src/pool/strategy.ts';
import { addressesOf } from './places.ts';

/** An allocation as the model sees it. */
export interface Given {
  readonly owner: string | undefined;
  readonly first: bigint;
  readonly last: bigint;
  readonly at: number;
  readonly isPrefix: boolean;
  readonly hostname: string | undefined;
  readonly expires_at: number | undefined;
  /** Seconds. */
  readonly ttl: number | undefined;
}

/** What was released, and is cooling, or kept for its owner, or both. */
export interface Former {
  readonly owner: string | undefined;
  readonly first: bigint;
  readonly last: bigint;
  readonly cooling_until: number;
  readonly sticky_until: number;
  isCooling: boolean;
  isKept: boolean;
}

export interface Reserved {
  readonly id: string;
  readonly first: bigint;
  readonly last: bigint;
  readonly owner: string | undefined;
}

export interface Settings {
  readonly cidr: Cidr;
  readonly gateway: bigint | undefined;
  /** None: everywhere. */
  readonly ranges: readonly Range[];
  readonly excluded: readonly Range[];
  readonly strategy: StrategyName;
  /** Seconds. */
  readonly cooldown: number;
  readonly sticky: number;
  readonly policy: CooldownPolicy;
  readonly drain: boolean;
  readonly name: string | undefined;
}

interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

export const includes = ({ first, last }: Span, address: bigint) => first <= address && address <= last;
export const meet = (a: Span, b: Span) => a.first <= b.last && b.first <= a.last;

/**
 * A network as one would write it on a napkin: lists that are looked through from one end to the other for every single
 * address. No offsets, no intervals, nothing kept up to date beside something else. Slow, and too simple to be wrong.
 */
export class ModelNetwork {
  settings: Settings;
  cursor: bigint | undefined;
  given: Given[] = [];
  former: Former[] = [];
  held: Span[] = [];
  reserved: Reserved[] = [];

  constructor(settings: Settings) {
    this.settings = settings;
  }

  get addresses(): bigint[] {
    return addressesOf(this.settings.cidr);
  }

  /** Whether a VM can have an address at all. */
  static isHost({ cidr, gateway }: Pick<Settings, 'cidr' | 'gateway'>, address: bigint): boolean {
    const last = lastAddress(cidr);
    if (address < cidr.base || address > last || address === gateway) return false;
    if (sizeOf(cidr) <= 2n) return true;
    return address !== cidr.base && (cidr.family === 6 || address !== last);
  }

  /** Whether settings and reservations let an owner have an address; undefined: just anybody. */
  isOpen(address: bigint, owner?: string): boolean {
    return ModelNetwork.isHost(this.settings, address) && this.isPermitted(address, owner);
  }

  /** The same of the network address, for a prefix. */
  isOpenToPrefix(address: bigint, owner?: string): boolean {
    const { cidr, gateway } = this.settings;
    if (address === cidr.base && address !== gateway) return this.isPermitted(address, owner);
    return this.isOpen(address, owner);
  }

  isPermitted(address: bigint, owner?: string): boolean {
    const { ranges, excluded } = this.settings;
    if (ranges.length > 0 && !ranges.some((range) => includes(range, address))) return false;
    if (excluded.some((range) => includes(range, address))) return false;
    return !this.reserved.some((one) => includes(one, address) && (owner === undefined || one.owner !== owner));
  }

  isGiven(address: bigint): boolean {
    return this.given.some((one) => includes(one, address));
  }

  isCooling(address: bigint, butFor?: string): boolean {
    return this.former.some(
      (one) => one.isCooling && includes(one, address) && (butFor === undefined || one.owner !== butFor),
    );
  }

  isHeld(address: bigint): boolean {
    return this.held.some((one) => includes(one, address));
  }

  isFree(address: bigint): boolean {
    return this.isOpen(address) && !this.isGiven(address) && !this.isCooling(address) && !this.isHeld(address);
  }

  of(owner: string | undefined): Given | undefined {
    return owner === undefined ? undefined : this.given.find((one) => one.owner === owner);
  }

  keptFor(owner: string | undefined): Former | undefined {
    return owner === undefined ? undefined : this.former.find((one) => one.isKept && one.owner === owner);
  }

  /** Every address is exactly one of these four. */
  count() {
    const { addresses } = this;
    const counts = { allocated: 0n, cooling: 0n, available: 0n, reserved: sizeOf(this.settings.cidr) };
    counts.reserved -= BigInt(addresses.length);
    for (const address of addresses) {
      const isAvailable = this.isOpen(address);
      counts[
        this.isGiven(address)
          ? 'allocated'
          : this.isCooling(address)
            ? 'cooling'
            : isAvailable
              ? 'available'
              : 'reserved'
      ]++;
    }
    return counts;
  }

  give(given: Given): void {
    this.given.push(given);
    for (const one of [...this.former]) {
      if (one.owner !== undefined && one.owner === given.owner) one.isKept = false;
      if (one.isCooling && meet(one, given)) {
        one.isCooling = false;
        if (one.sticky_until === 0) one.isKept = false;
        const rest = { ...one, isCooling: true, isKept: false };
        if (one.first < given.first) this.former.push({ ...rest, last: given.first - 1n });
        if (one.last > given.last) this.former.push({ ...rest, first: given.last + 1n });
      }
    }
    this.#tidy();
  }

  release(given: Given, at: number): void {
    const { cooldown, sticky } = this.settings;
    this.given = this.given.filter((one) => one !== given);
    if (cooldown === 0 && sticky === 0) return;
    const { owner, first, last } = given;
    for (const one of this.former) if (owner !== undefined && one.owner === owner) one.isKept = false;
    this.former.push({
      owner,
      first,
      last,
      cooling_until: cooldown === 0 ? 0 : at + cooldown * 1000,
      sticky_until: sticky === 0 ? 0 : at + sticky * 1000,
      isCooling: cooldown > 0,
      isKept: owner !== undefined,
    });
    this.#tidy();
  }

  pass(now: number): void {
    for (const one of this.former) {
      if (one.cooling_until <= now) one.isCooling = false;
      if (!one.isCooling && one.sticky_until <= now) one.isKept = false;
    }
    this.#tidy();
  }

  change(settings: Settings): void {
    this.settings = settings;
    const space = { first: settings.cidr.base, last: lastAddress(settings.cidr) };
    this.former = this.former.filter((one) => includes(space, one.first) && includes(space, one.last));
    if (this.cursor !== undefined && !includes(space, this.cursor)) this.cursor = undefined;
  }

  #tidy(): void {
    this.former = this.former.filter((one) => one.isCooling || one.isKept);
  }
}
