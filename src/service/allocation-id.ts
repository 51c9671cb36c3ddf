import type { Pool } from '../pool/pool.ts';
import { type Family, formatAddress, parseAddress } from '../net/address.ts';
import { hex32 } from '../net/hex.ts';
import { DEFAULT_VRF, isVrfName } from '../net/vrf.ts';
import type { LocatedAllocation } from './located-allocation.ts';

/** What an id is derived from. */
export interface DerivedId {
  readonly vrf: string;
  readonly ip: string;
  /** Milliseconds since 1970. */
  readonly allocated_at: number;
}

/**
 * Writes the ids of allocations. An id is derived from the VRF, the first address and the time of the allocation, so that
 * nothing has to be stored for it. Clients treat it as opaque.
 *
 *     ac100002-mi8zb3k1        172.16.0.2 in the VRF default; milliseconds since 1970 with the digits 0-9 a-z
 *     blue.ac100002-mi8zb3k1   the same in the VRF blue; the last dot ends the VRF
 */
export class AllocationIds {
  // Consecutive allocations are often of the same millisecond, and its text is expensive.
  #lastAt = Number.NaN;
  #lastText = '';

  of({ network, allocation }: LocatedAllocation): string {
    const { offset, allocated_at } = allocation;
    return this.#text(network.vrf, network.cidr.family, network.origin + offset, allocated_at);
  }

  /** The id of an allocation whose address is text; "" when the text is no address. */
  ofDerived({ vrf, ip, allocated_at }: DerivedId): string {
    const address = parseAddress(ip);
    return address ? this.#text(vrf, address.family, address.value, allocated_at) : '';
  }

  #text(vrf: string, family: Family, address: bigint, at: number): string {
    if (at !== this.#lastAt) {
      this.#lastText = at.toString(36);
      this.#lastAt = at;
    }
    const digits = family === 4 ? hex32(Number(address)) : address.toString(16).padStart(32, '0');
    return vrf === DEFAULT_VRF ? `${digits}-${this.#lastText}` : `${vrf}.${digits}-${this.#lastText}`;
  }
}

const FORM = /^(?:(.+)\.)?([0-9a-f]{8}|[0-9a-f]{32})-([0-9a-z]{1,11})$/;

/** What an id was derived from; undefined when it is not of that form. */
export function parseAllocationId(id: string): DerivedId | undefined {
  const [, vrf = DEFAULT_VRF, digits, time] = FORM.exec(id) ?? [];
  if (digits === undefined || time === undefined || !isVrfName(vrf)) return undefined;
  if (vrf === DEFAULT_VRF && id.includes('.')) return undefined;
  const family: Family = digits.length === 8 ? 4 : 6;
  return { vrf, ip: formatAddress(family, BigInt(`0x${digits}`)), allocated_at: Number.parseInt(time, 36) };
}

/** The allocation with an id; undefined when it has ended, or when there never was one. */
export function findById(pool: Pool, id: string): LocatedAllocation | undefined {
  const parsed = parseAllocationId(id);
  const network = parsed && pool.networksAt(parsed.ip, parsed.vrf)[0]; // networks of a VRF do not overlap
  const offset = parsed && network?.offsetOf(parsed.ip);
  const allocation = offset === undefined ? undefined : network?.byOffset(offset);
  if (!network || !allocation || allocation.offset !== offset) return undefined;
  return allocation.allocated_at === parsed.allocated_at ? { network, allocation } : undefined;
}
