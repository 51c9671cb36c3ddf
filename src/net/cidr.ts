import { formatIPv4, parseIPv4 } from './address.ts';

/** An IPv4 network: `base` is its first address, with all host bits zero. RFC 4632. */
export interface Cidr {
  readonly base: number;
  /** 0 to 32. */
  readonly prefixLength: number;
}

/** Reads `a.b.c.d/n`. Undefined when malformed or when host bits are set; {@link enclosingNetwork} tells what was meant. */
export function parseCidr(text: string): Cidr | undefined {
  const cidr = enclosingNetwork(text);
  return cidr && cidr.base === parseIPv4(text.slice(0, text.indexOf('/'))) ? cidr : undefined;
}

/** Reads `a.b.c.d/n` and clears the host bits: 10.1.2.3/16 is in 10.1.0.0/16. Undefined when malformed. */
export function enclosingNetwork(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseIPv4(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d?)$/.test(digits)) return undefined;
  const prefixLength = Number(digits);
  if (prefixLength > 32) return undefined;
  return { base: address - (address % 2 ** (32 - prefixLength)), prefixLength };
}

/** Writes a network as `a.b.c.d/n`. */
export function formatCidr(cidr: Cidr): string {
  return `${formatIPv4(cidr.base)}/${cidr.prefixLength}`;
}

/** How many addresses a network spans: 2^(32 - prefix length). */
export function sizeOf(cidr: Cidr): number {
  return 2 ** (32 - cidr.prefixLength);
}

/** The last address of a network; the broadcast address where there is one. */
export function lastAddress(cidr: Cidr): number {
  return cidr.base + sizeOf(cidr) - 1;
}

/** The first address a host may have: the one after the network address, except in /31 (RFC 3021) and /32. */
export function firstHost(cidr: Cidr): number {
  return cidr.prefixLength >= 31 ? cidr.base : cidr.base + 1;
}

/** The last address a host may have: the one before broadcast, except in /31 (RFC 3021) and /32. */
export function lastHost(cidr: Cidr): number {
  return cidr.prefixLength >= 31 ? lastAddress(cidr) : lastAddress(cidr) - 1;
}

/** Whether an address lies in a network. */
export function contains(cidr: Cidr, address: number): boolean {
  return address >= cidr.base && address <= lastAddress(cidr);
}
