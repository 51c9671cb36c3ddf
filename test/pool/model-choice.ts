import { BITS } from '../../src/net/address.ts';
import { lastAddress, sizeOf } from '../../src/net/cidr.ts';
import type { ErrorCode } from '../../src/errors.ts';
import { strategyNamed } from '../../src/pool/strategy.ts';
import type { Former, ModelNetwork } from './model.ts';
import { includes } from './model.ts';

/** What is asked for: see AllocationWish. */
export interface Asked {
  readonly owner: string | undefined;
  readonly ip: bigint | undefined;
  readonly count: number | undefined;
  readonly prefixLength: number | undefined;
  readonly random: number;
}

/** Either why nothing is given (one of these), or where (one of these) and whether the strategy chose. */
export type Outcome =
  { readonly refused: readonly ErrorCode[] } | { readonly firsts: readonly bigint[]; readonly byStrategy: boolean };

/** Says for a new owner what has to come of its request. */
export function choose(model: ModelNetwork, asked: Asked, now: number): Outcome {
  const { cidr, policy } = model.settings;
  const { owner, ip, prefixLength } = asked;
  const isPrefix = prefixLength !== undefined;
  const size = isPrefix ? 1n << BigInt(BITS[cidr.family] - prefixLength) : BigInt(asked.count ?? 1);
  const span = (first: bigint) => Array.from({ length: Number(size) }, (_, at) => first + BigInt(at));
  const isAligned = (first: bigint) => !isPrefix || first % size === 0n;
  const isOpen = (address: bigint) =>
    isPrefix && size > 1n ? model.isOpenToPrefix(address, owner) : model.isOpen(address, owner);
  const isUnclaimed = (address: bigint) =>
    !model.isGiven(address) && !model.isHeld(address) && !model.isCooling(address, owner);
  const fitsOwner = (first: bigint) => isAligned(first) && span(first).every((at) => isOpen(at) && isUnclaimed(at));

  if (model.settings.drain) return { refused: ['network_draining'] };
  if (ip !== undefined) {
    const refused: ErrorCode[] = [];
    if (ip < cidr.base || ip + size - 1n > lastAddress(cidr) || !isAligned(ip)) refused.push('invalid_address');
    if (span(ip).some((at) => model.isGiven(at) || model.isCooling(at, owner))) refused.push('address_taken');
    if (span(ip).some((at) => model.isHeld(at))) refused.push('conflict');
    if (!span(ip).every(isOpen)) refused.push('address_reserved');
    return refused.length > 0 ? { refused } : { firsts: [ip], byStrategy: false };
  }

  const own = model.reserved.filter((one) => one.owner !== undefined && one.owner === owner);
  own.sort((a, b) => (a.first < b.first ? -1 : 1));
  const former = formerOf(model, owner, size, now);
  if (former !== undefined && fitsOwner(former.first)) {
    const { first } = former;
    if (own.length === 0 || own.some((one) => includes(one, first))) return { firsts: [first], byStrategy: false };
  }
  for (const one of own) {
    const first = model.addresses.find((at) => span(at).every((each) => includes(one, each)) && fitsOwner(at));
    if (first !== undefined) return { firsts: [first], byStrategy: false };
  }
  if (former !== undefined && fitsOwner(former.first)) return { firsts: [former.first], byStrategy: false };

  const isFree = (at: bigint) => model.isFree(at) || (isPrefix && size > 1n && at === cidr.base && isSpare(model));
  const fits = (first: bigint) => isAligned(first) && span(first).every(isFree);
  const first = around(model, isPrefix ? cidr.base : startOf(model, asked.random)).find(fits);
  if (first !== undefined) return { firsts: [first], byStrategy: true };
  const oldest = policy === 'oldest' && size === 1n ? oldestOf(model) : [];
  return oldest.length > 0 ? { firsts: oldest, byStrategy: false } : { refused: ['pool_exhausted'] };
}

function formerOf(model: ModelNetwork, owner: string | undefined, size: bigint, now: number): Former | undefined {
  const former = model.keptFor(owner);
  if (!former || former.last - former.first + 1n !== size) return undefined;
  return former.sticky_until > now || former.isCooling ? former : undefined;
}

/** Whether the network address could be part of a prefix for somebody new. */
function isSpare(model: ModelNetwork): boolean {
  const { base } = model.settings.cidr;
  return model.isOpenToPrefix(base) && !model.isGiven(base) && !model.isCooling(base) && !model.isHeld(base);
}

function startOf({ settings: { strategy, cidr }, cursor }: ModelNetwork, random: number): bigint {
  if (strategy === 'round-robin') return cursor === undefined ? cidr.base : cursor + 1n;
  if (strategy === 'lowest') return cidr.base;
  // What chance makes of a large space is the business of the strategy's own test.
  if (sizeOf(cidr) <= 2n ** 32n) return cidr.base + BigInt(Math.floor(random * Number(sizeOf(cidr))));
  const space = { first: cidr.base, last: lastAddress(cidr) };
  return strategyNamed(strategy, () => random).start(space, undefined);
}

/** All addresses, from one on, going round. */
function around({ addresses }: ModelNetwork, start: bigint): bigint[] {
  return [...addresses.filter((at) => at >= start), ...addresses.filter((at) => at < start)];
}

/** The first usable address of those that have been cooling longest; several when they began at the same time. */
function oldestOf(model: ModelNetwork): bigint[] {
  const candidates = model.former.flatMap((one) => {
    const within = model.addresses.filter((at) => one.isCooling && includes(one, at));
    const first = within.find((at) => model.isOpen(at));
    return first === undefined || within.some((at) => model.isHeld(at)) ? [] : [{ first, until: one.cooling_until }];
  });
  const earliest = Math.min(...candidates.map(({ until }) => until));
  return candidates.filter(({ until }) => until === earliest).map(({ first }) => first);
}
