import { ownerKey, sameOwner } from '../allocation.ts';
import { PoolError } from '../../errors.ts';
import type { Owner } from '../events.ts';
import type { AssignableTo } from '../assignable.ts';
import type { CoolingSpan } from '../cooling-span.ts';
import type { Network } from '../network.ts';
import type { Span } from '../../collections/span.ts';
import { pickOne, pickRun, type Strategy } from '../strategy.ts';

/** How many addresses somebody needs. */
interface Need {
  readonly owner: Owner;
  /** The first of them, as text; undefined: any. */
  readonly ip: string | undefined;
  readonly size: bigint;
  /** On a boundary of `size` addresses, and the network address is an address like any other. */
  readonly isPrefix: boolean;
}

/** A place in a network. */
interface Place {
  readonly offset: bigint;
  readonly last: bigint;
  /** Not picked by the strategy. */
  readonly requested: boolean;
}

/** Where the owner should be: what it asks for, what is reserved for it, what it had, what the strategy says. */
export function findPlace(network: Network, need: Need, strategy: Strategy, now: number): Place {
  const { owner, ip, size } = need;
  const layout = network.assignable.to(owner);
  if (ip !== undefined) return named(network, layout, ip, need);
  const former = formerOf(network, layout, need, now);
  const own = reservedFor(network, layout, need, former) ?? former;
  if (own !== undefined) return { offset: own, last: own + size - 1n, requested: true };
  const picked = pick(network, need, strategy);
  if (picked !== undefined) return { offset: picked, last: picked + size - 1n, requested: false };
  const oldest = size === 1n ? oldestCooling(network) : undefined;
  if (oldest !== undefined) return { offset: oldest, last: oldest, requested: true };
  throw exhausted(network, size, now);
}

/** What the strategy says; for a prefix the first that fits, on its boundary. */
function pick(network: Network, { size, isPrefix }: Need, strategy: Strategy): bigint | undefined {
  const { free, assignable: layout, origin } = network;
  const { space } = layout;
  if (isPrefix) {
    // The network address, which is never free: it is given to no VM, but as the first of a delegated prefix.
    const { first } = space;
    const isRestFree = size > 1n && free.gap(first + 1n, first + size) === first + size;
    if (isRestFree && layout.isSpareNetworkAddress && !isClaimed(network, { first, last: first })) return first;
    return pickRun(free, space, first, { count: size, aligned: size, origin });
  }
  const start = strategy.start(space, network.searchCursor);
  return size === 1n ? pickOne(free, space, start) : pickRun(free, space, start, { count: size, aligned: 1n, origin });
}

function named(network: Network, layout: AssignableTo, ip: string, { owner, size, isPrefix }: Need): Place {
  const first = network.offsetOf(ip);
  if (first === undefined || first + size - 1n > layout.space.last) {
    const text = `ip ${ip.slice(0, 64)} ${size === 1n ? 'is' : `and the ${size - 1n} behind it are`} not in network ${network.cidrText}`;
    throw new PoolError('invalid_address', text, { field: 'ip', ip: ip.slice(0, 64), network: network.id });
  }
  const last = first + size - 1n;
  if (isPrefix && (network.origin + first) % size !== 0n) {
    const text = `ip ${ip} is not the first address of a prefix of ${size} addresses`;
    throw new PoolError('invalid_address', text, { field: 'ip', ip, network: network.id });
  }
  const holder = network.within({ first, last });
  if (holder) {
    const by = holder.vm_id === '' ? 'somebody else' : holder.vm_id;
    throw taken(network, holder.offset > first ? holder.offset : first, `held by ${by}`, { vm_id: holder.vm_id });
  }
  for (const memory of network.cooldown.from(first)) {
    if (memory.offset > last) break;
    if (sameOwner(memory, owner)) continue;
    const until = new Date(memory.cooling_until).toISOString();
    throw taken(network, memory.offset > first ? memory.offset : first, `cooling until ${until}`, {
      cooling_until: until,
    });
  }
  if (network.isOnHold({ first, last }))
    throw new PoolError('conflict', `ip ${ip} is being given to somebody else`, { field: 'ip' });
  refuseUnassignable(network, layout, { first, last }, isPrefix);
  return { offset: first, last, requested: true };
}

function refuseUnassignable(network: Network, layout: AssignableTo, span: Span, isPrefix: boolean): void {
  const at = layout.firstUnassignable(span, isPrefix);
  if (at === undefined) return;
  const blocked = layout.unassignableAt(at);
  const what = typeof blocked === 'object' ? `reserved: ${blocked.reason}` : `not given out: ${String(blocked)}`;
  const ip = network.ipAt(at);
  throw new PoolError('address_reserved', `ip ${ip} is ${what}`, { field: 'ip', ip, network: network.id });
}

function taken(network: Network, offset: bigint, what: string, details: Record<string, unknown>): PoolError {
  const ip = network.ipAt(offset);
  return new PoolError('address_taken', `ip ${ip} is ${what}`, { field: 'ip', ip, network: network.id, ...details });
}

/** An address of a reservation for this owner; the one that it had before, when that is among them. */
function reservedFor(
  network: Network,
  layout: AssignableTo,
  { owner, size, isPrefix }: Need,
  former: bigint | undefined,
): bigint | undefined {
  const align = (offset: bigint) => (isPrefix ? offset + ((size - ((network.origin + offset) % size)) % size) : offset);
  const own = network.assignable.reservedFor(owner);
  if (former !== undefined && own.some(({ first, last }) => first <= former && former <= last)) return former;
  for (const { first, last } of own) {
    for (let at = align(first); at + size - 1n <= last;) {
      const span = { first: at, last: at + size - 1n };
      const obstacle = layout.firstUnassignable(span, isPrefix);
      if (obstacle === undefined && !isClaimed(network, span, owner)) return at;
      const next = layout.nextAssignable((obstacle ?? at) + 1n);
      if (next === undefined) break;
      at = align(next);
    }
  }
  return undefined;
}

/** Whether somebody else holds, or is about to get, or had until now, one of the offsets. */
function isClaimed(network: Network, span: Span, owner?: Owner): boolean {
  if (network.isOnHold(span) || network.within(span)) return true;
  for (const memory of network.cooldown.from(span.first)) {
    if (memory.offset > span.last) break;
    if (!owner || !sameOwner(memory, owner)) return true;
  }
  return false;
}

/** What this owner had before, while it is kept for it. */
function formerOf(
  network: Network,
  layout: AssignableTo,
  { owner, size, isPrefix }: Need,
  now: number,
): bigint | undefined {
  const memory = ownerKey(owner) === undefined ? undefined : network.cooldown.of(owner);
  if (!memory || memory.last - memory.offset + 1n !== size) return undefined;
  const { offset: first, last, cooling_until, sticky_until } = memory;
  if (isPrefix && (network.origin + first) % size !== 0n) return undefined;
  const isKept = sticky_until > now || (cooling_until > now && network.cooldown.at(first) === memory);
  if (!isKept || layout.firstUnassignable({ first, last }, isPrefix) !== undefined) return undefined;
  return isClaimed(network, { first, last }, owner) ? undefined : first;
}

/** The first usable address of those that have been cooling longest. */
function oldestCooling(network: Network): bigint | undefined {
  if (network.settings.cooldown_policy !== 'oldest') return undefined;
  const firstAssignableIn = ({ offset, last }: CoolingSpan) => {
    const at = network.assignable.nextAssignable(offset);
    return at !== undefined && at <= last ? at : undefined;
  };
  const isOpen = (memory: CoolingSpan) =>
    firstAssignableIn(memory) !== undefined && !network.isOnHold({ first: memory.offset, last: memory.last });
  const memory = network.cooldown.oldest(isOpen);
  return memory && firstAssignableIn(memory);
}

function exhausted(network: Network, size: bigint, now: number): PoolError {
  const cooling = network.cooldown.cooling;
  const next = cooling > 0n ? network.cooldown.oldest(() => true)?.cooling_until : undefined;
  return new PoolError(
    'pool_exhausted',
    size === 1n ? 'No available IPs in pool' : `No ${size} available IPs without a gap in pool`,
    {
      network: network.id,
      cidr: network.cidrText,
      allocated: Number(network.allocated),
      ...(cooling > 0n ? { cooling: Number(cooling) } : {}),
      ...(next === undefined ? {} : { retry_after: Math.max(1, Math.ceil((next - now) / 1000)) }),
    },
  );
}
