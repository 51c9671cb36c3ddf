import { formatIPv4, parseIPv4 } from './ipv4.ts';
import { formatIPv6, parseIPv6 } from './ipv6.ts';

export type Family = 4 | 6;

/** An address of either family, as a number without sign: 0 to 2^32 - 1, or to 2^128 - 1. */
export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** Bits of an address. */
export const BITS: Readonly<Record<Family, number>> = { 4: 32, 6: 128 };

/** Reads an address, strictly: see {@link parseIPv4} and {@link parseIPv6}. Undefined for anything else. */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(':')) {
    const value = parseIPv6(text);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseIPv4(text);
  return value === undefined ? undefined : { family: 4, value: BigInt(value) };
}

/** Writes an address: dotted quad, or the text of RFC 5952. */
export function formatAddress(family: Family, value: bigint): string {
  return family === 4 ? formatIPv4(Number(value)) : formatIPv6(value);
}
