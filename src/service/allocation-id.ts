import type { Allocation } from '../pool/allocation.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import { type Family, formatAddress, parseAddress } from '../net/address.ts';
import { hex32 } from '../net/hex.ts';

/**
 * The id of an allocation: its first address and when it was made, so that nothing has to be kept for it.
 *
 *     ac100002-mi8zb3k1      172.16.0.2, milliseconds since 1970 with the digits 0-9 a-z
 */
export function allocationId(family: Family, address: bigint, allocated_at: number): string {
  const digits = family === 4 ? hex32(Number(address)) : address.toString(16).padStart(32, '0');
  return `${digits}-${timeText(allocated_at)}`;
}

/** The last one that was written: under load many fall into one millisecond, and a text of it takes half a microsecond. */
const latest = { at: Number.NaN, text: '' };

function timeText(at: number): string {
  if (at !== latest.at) {
    latest.at = at;
    latest.text = at.toString(36);
  }
  return latest.text;
}

/** The address and the time in an id; undefined when it is none. */
export function parseAllocationId(id: string): { readonly ip: string; readonly allocated_at: number } | undefined {
  const match = /^([0-9a-f]{8}|[0-9a-f]{32})-([0-9a-z]{1,11})$/.exec(id);
  if (!match?.[1] || !match[2]) return undefined;
  const family: Family = match[1].length === 8 ? 4 : 6;
  return { ip: formatAddress(family, BigInt(`0x${match[1]}`)), allocated_at: Number.parseInt(match[2], 36) };
}

/** The id of an allocation whose address is written as text. */
export function allocationIdOf(ip: string, allocated_at: number): string {
  const address = parseAddress(ip);
  return address ? allocationId(address.family, address.value, allocated_at) : '';
}

/** The allocation that stands under an id; undefined when it has ended, or when there never was one. */
export function findById(
  pool: Pool,
  id: string,
): { readonly network: Network; readonly allocation: Allocation } | undefined {
  const parsed = parseAllocationId(id);
  const network = parsed && pool.networkOf(parsed.ip);
  const offset = parsed && network?.offsetOf(parsed.ip);
  const allocation = offset === undefined ? undefined : network?.byOffset(offset);
  if (!network || !allocation || allocation.offset !== offset) return undefined;
  return allocation.allocated_at === parsed.allocated_at ? { network, allocation } : undefined;
}
