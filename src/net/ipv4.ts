/**
 * IPv4 addresses as numbers: 0 to 2^32 - 1, never negative.
 *
 * Strict on purpose: libraries that read `1`, `127.1` or `010.0.0.1` as addresses turn a typing error into
 * somebody else's address.
 */

/** Reads a dotted quad without leading zeros (RFC 6943, section 3.1.1, "strict"). Returns undefined for anything else. */
export function parseIPv4(text: string): number | undefined {
  const length = text.length;
  if (length < 7 || length > 15) return undefined;
  let address = 0;
  let octet = -1; // -1: no digit read yet
  let dots = 0;
  for (let i = 0; i < length; i++) {
    const c = text.charCodeAt(i);
    if (c === 46) {
      if (octet < 0 || ++dots > 3) return undefined;
      address = address * 256 + octet;
      octet = -1;
    } else if (c >= 48 && c <= 57) {
      if (octet === 0) return undefined; // a leading zero
      octet = octet < 0 ? c - 48 : octet * 10 + (c - 48);
      if (octet > 255) return undefined;
    } else {
      return undefined;
    }
  }
  return dots === 3 && octet >= 0 ? address * 256 + octet : undefined;
}

/** Writes an address (0 to 2^32 - 1) as a dotted quad. */
export function formatIPv4(address: number): string {
  return `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;
}
