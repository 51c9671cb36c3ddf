import { BITS, type Family, formatAddress, parseAddress } from './address.ts';

/** A network: `base` is its first address, with all host bits zero. RFC 4632, RFC 4291. */
export interface Cidr {
  readonly family: Family;
  readonly base: bigint;
  /** 0 to 32, or to 128. */
  readonly prefixLength: number;
}

/** Reads `address/n`. Undefined when malformed or when host bits are set; {@link enclosingNetwork} tells what was meant. */
export function parseCidr(text: string): Cidr | undefined {
  const cidr = enclosingNetwork(text);
  return cidr && cidr.base === parseAddress(text.slice(0, text.indexOf('/')))?.value ? cidr : undefined;
}

/** Reads `address/n` and clears the host bits: 10.1.2.3/16 is in 10.1.0.0/16. Undefined when malformed. */
export function enclosingNetwork(text: string): Cidr | undefined {
  const slash = text.indexOf('/');
  if (slash < 0) return undefined;
  const address = parseAddress(text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (!address || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const { family, value } = address;
  const prefixLength = Number(digits);
  if (prefixLength > BITS[family]) return undefined;
  return { family, base: value - (value % 2n ** BigInt(BITS[family] - prefixLength)), prefixLength };
}

/** Writes a network as `address/n`. */
export function formatCidr({ family, base, prefixLength }: Cidr): string {
  return `${formatAddress(family, base)}/${prefixLength}`;
}

/** How many addresses a network spans: 2^(bits of an address - prefix length). */
export function sizeOf({ family, prefixLength }: Cidr): bigint {
  return 1n << BigInt(BITS[family] - prefixLength);
}

/** The last address of a network; the broadcast address where there is one. */
export function lastAddress(cidr: Cidr): bigint {
  return cidr.base + sizeOf(cidr) - 1n;
}

/**
 * The first address a host may have: the one after the network address (IPv6: after the subnet-router anycast address,
 * RFC 4291 section 2.6.1), except in /31 (RFC 3021), /127 (RFC 6164), /32 and /128.
 */
export function firstHost(cidr: Cidr): bigint {
  return isTiny(cidr) ? cidr.base : cidr.base + 1n;
}

/** The last address a host may have: the one before broadcast, which IPv6, /31 (RFC 3021) and /32 do not have. */
export function lastHost(cidr: Cidr): bigint {
  return isTiny(cidr) || cidr.family === 6 ? lastAddress(cidr) : lastAddress(cidr) - 1n;
}

function isTiny({ family, prefixLength }: Cidr): boolean {
  return prefixLength >= BITS[family] - 1;
}

/** Whether an address, or a whole network, lies in a network. */
export function contains(cidr: Cidr, inner: { readonly family: Family; readonly value: bigint } | Cidr): boolean {
  if (inner.family !== cidr.family) return false;
  const [first, last] = 'base' in inner ? [inner.base, lastAddress(inner)] : [inner.value, inner.value];
  return first >= cidr.base && last <= lastAddress(cidr);
}

/** Whether two networks have an address in common; then one contains the other. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return contains(a, b) || contains(b, a);
}
