import { formatIPv4, parseIPv4 } from '../net/address.ts';
import { type Cidr, contains, firstHost, formatCidr, lastHost, sizeOf } from '../net/cidr.ts';
import { normalizeRanges, parseRange, type Range } from '../net/range.ts';
import { Bitset } from './bitset.ts';
import type { NetworkSettings, Owner } from './events.ts';
import { IpToVm } from './ip-to-vm.ts';
import { VmToIp } from './vm-to-ip.ts';

/** An owner's address. Never changed in place: an update puts a new record, so that readers may hold on to theirs. */
export interface Allocation extends Owner {
  /** Distance from the first address of the network. */
  readonly offset: number;
  readonly hostname?: string;
  /** Milliseconds since 1970. */
  readonly allocated_at: number;
}

/** The record that an event of an owner leads to. */
export function allocationOf(
  { vm_id, nic, hostname }: Owner & { readonly hostname?: string },
  offset: number,
  allocated_at: number,
): Allocation {
  return hostname === undefined ? { vm_id, nic, offset, allocated_at } : { vm_id, nic, offset, allocated_at, hostname };
}

/**
 * The addresses of one network. Three views of the same facts:
 * `free` (a bit for each address that may be given), ip-to-vm and vm-to-ip.
 *
 *     offset    0        1        2        3  …  size-2   size-1
 *               network  gateway  ------- hosts -------   broadcast
 */
export class Network {
  readonly id: string;
  readonly cidr: Cidr;
  readonly gateway: number;
  /** The network and its gateway as text, which most answers hold. */
  readonly cidrText: string;
  readonly gatewayText: string;
  /** Offset given last, -1 when none was. */
  cursor = -1;

  readonly #free: Bitset;
  /** The same keys as `#ipToVm`, kept in order for lists that start anywhere. */
  readonly #taken: Bitset;
  readonly #ipToVm: IpToVm;
  readonly #vmToIp: VmToIp;
  /** Decided but not yet durable: not free to the next decision, not visible to reads. */
  readonly #held = new Set<number>();
  #settings: NetworkSettings;
  /** Offsets never given out, the gateway's among them; sorted, not touching each other. */
  #excluded: readonly Range[];

  constructor(id: string, cidr: Cidr, gateway: number, settings: NetworkSettings) {
    this.id = id;
    this.cidr = cidr;
    this.gateway = gateway;
    this.cidrText = formatCidr(cidr);
    this.gatewayText = formatIPv4(gateway);
    this.#free = new Bitset(sizeOf(cidr));
    this.#taken = new Bitset(sizeOf(cidr));
    this.#ipToVm = new IpToVm(sizeOf(cidr));
    this.#vmToIp = new VmToIp(sizeOf(cidr));
    this.#settings = settings;
    this.#excluded = this.#exclusions();
    this.#free.addRange(firstHost(cidr) - cidr.base, lastHost(cidr) - cidr.base);
    this.#excluded.forEach((range) => this.#exclude(range));
  }

  get settings(): NetworkSettings {
    return this.#settings;
  }

  /** The offsets that may be given now. Read only. */
  get free(): Bitset {
    return this.#free;
  }

  get allocated(): number {
    return this.#taken.count;
  }

  /** Addresses that could be given to somebody else, those held by a decision under way included. */
  get available(): number {
    let held = 0;
    for (const offset of this.#held) {
      if (!this.#taken.has(offset) && !includes(this.#excluded, offset)) held++;
    }
    return this.#free.count + held;
  }

  /** The offset of an address written as text; undefined when it is no address or not in this network. */
  offsetOf(ip: string): number | undefined {
    const address = parseIPv4(ip);
    return address !== undefined && contains(this.cidr, address) ? address - this.cidr.base : undefined;
  }

  /** The address at an offset, as text. */
  ipAt(offset: number): string {
    return formatIPv4(this.cidr.base + offset);
  }

  byOffset(offset: number): Allocation | undefined {
    return this.#ipToVm.get(offset);
  }

  byOwner(owner: Owner): Allocation | undefined {
    return this.#vmToIp.get(owner);
  }

  /** The allocations from an offset on, in the order of their addresses. Safe against changes between two steps. */
  *allocations(from = 0): Generator<Allocation> {
    for (let at = this.#taken.next(from); at !== undefined; at = this.#taken.next(at + 1)) {
      const allocation = this.#ipToVm.get(at);
      if (allocation) yield allocation;
    }
  }

  /** All allocations of this moment, in the order of their addresses. */
  frozen(): Allocation[] {
    return this.#ipToVm.values();
  }

  /** Puts an allocation, or replaces the one of the same owner and address. */
  put(allocation: Allocation): void {
    this.#ipToVm.set(allocation.offset, allocation);
    this.#vmToIp.set(allocation);
    this.#taken.add(allocation.offset);
    this.#free.delete(allocation.offset);
  }

  remove(allocation: Allocation): void {
    this.#ipToVm.delete(allocation.offset);
    this.#vmToIp.delete(allocation);
    this.#taken.delete(allocation.offset);
    this.#freeUp(allocation.offset);
  }

  /** Keeps an offset from the next decisions until {@link unhold}. */
  hold(offset: number): void {
    this.#held.add(offset);
    this.#free.delete(offset);
  }

  unhold(offset: number): void {
    if (this.#held.delete(offset)) this.#freeUp(offset);
  }

  /** Changes exclusions and strategy. An allocation on an address that is excluded from now on stays. */
  update(settings: NetworkSettings): void {
    const before = this.#excluded;
    this.#settings = settings;
    this.#excluded = this.#exclusions();
    for (const { first, last } of before) for (let at = first; at <= last; at++) this.#freeUp(at);
    this.#excluded.forEach((range) => this.#exclude(range));
  }

  /** Whether a VM may have this offset at all: not the network address, not broadcast, not the gateway. */
  isHost(offset: number): boolean {
    const address = this.cidr.base + offset;
    return address >= firstHost(this.cidr) && address <= lastHost(this.cidr) && address !== this.gateway;
  }

  #freeUp(offset: number): void {
    if (this.#taken.has(offset) || this.#held.has(offset)) return;
    if (this.isHost(offset) && !includes(this.#excluded, offset)) this.#free.add(offset);
  }

  #exclude({ first, last }: Range): void {
    for (let at = this.#free.next(first); at !== undefined && at <= last; at = this.#free.next(at + 1)) {
      this.#free.delete(at);
    }
  }

  #exclusions(): Range[] {
    const { base } = this.cidr;
    const ranges = [{ first: this.gateway, last: this.gateway }];
    for (const text of this.#settings.excluded) {
      const range = parseRange(text); // checked when the event was decided
      if (range) ranges.push(range);
    }
    return normalizeRanges(ranges)
      .map(({ first, last }) => ({
        first: Math.max(first - base, 0),
        last: Math.min(last - base, sizeOf(this.cidr) - 1),
      }))
      .filter(({ first, last }) => first <= last);
  }
}

/** Whether one of the sorted ranges includes an offset. */
function includes(ranges: readonly Range[], offset: number): boolean {
  let low = 0;
  let high = ranges.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (!range || offset < range.first) high = middle - 1;
    else if (offset > range.last) low = middle + 1;
    else return true;
  }
  return false;
}
