/**
 * IPv6 addresses as bigints: 0 to 2^128 - 1.
 *
 * Parsing and formatting work on four 32 bit words and touch bigints only to join and split them, because a bigint
 * operation costs as much as reading several groups.
 */
import { formatIPv4, parseIPv4 } from './ipv4.ts';

/**
 * Reads the three forms of RFC 4291, section 2.2: eight groups, `::` for one or more zero groups, and a dotted quad in
 * place of the last two. Case does not matter. Returns undefined for anything else, zones (`fe80::1%eth0`), brackets and
 * quads with leading zeros included.
 */
export function parseIPv6(text: string): bigint | undefined {
  const length = text.length;
  if (length < 2 || length > 45) return undefined;
  let w0 = 0;
  let w1 = 0;
  let w2 = 0;
  let w3 = 0;
  let place = 0; // where the group being read goes: 0 to 7; 8 when all are filled
  let group = 0;
  let digits = 0;
  let shortened = false; // `::` was read
  for (let i = 0; i <= length; i++) {
    const c = i < length ? text.charCodeAt(i) : 58; // the end closes a group as a colon does
    const digit = hexDigit(c);
    if (digit >= 0) {
      group = (group << 4) | digit;
      digits++;
      continue;
    }
    if (digits > 4) return undefined;
    if (c === 46) {
      if (place !== 6) return undefined;
      const quad = parseIPv4(text.slice(i - digits));
      if (quad === undefined) return undefined;
      w3 = quad;
      place = 8;
      break;
    }
    if (c !== 58) return undefined;
    if (digits > 0) {
      const shifted = (place & 1) === 0 ? group << 16 : group;
      if (place < 2) w0 |= shifted;
      else if (place < 4) w1 |= shifted;
      else if (place < 6) w2 |= shifted;
      else w3 |= shifted;
      place++; // 9 is refused at the end
    }
    if (i + 1 < length && text.charCodeAt(i + 1) === 58) {
      if (shortened) return undefined;
      shortened = true;
      const next = 8 - groupsFrom(text, i + 2);
      if (next <= place) return undefined;
      place = next;
      i += i + 2 === length ? 2 : 1;
    } else if (digits === 0) {
      return undefined; // a single colon at the start, at the end, or after `::`
    }
    group = 0;
    digits = 0;
  }
  return place === 8 ? join(w0, w1, w2, w3) : undefined;
}

/**
 * Writes an address (0 to 2^128 - 1) as RFC 5952 recommends: lower case, no leading zeros, `::` for the longest run of
 * at least two zero groups, the first of equals. IPv4-mapped ones (`::ffff:0:0/96`) end in a dotted quad (section 5).
 */
export function formatIPv6(address: bigint): string {
  const [w0, w1, w2, w3] = words(address);
  if (w0 === 0 && w1 === 0 && w2 === 0xffff) return `::ffff:${formatIPv4(w3)}`;
  const groups = [w0 >>> 16, w0 & 0xffff, w1 >>> 16, w1 & 0xffff, w2 >>> 16, w2 & 0xffff, w3 >>> 16, w3 & 0xffff];
  let end = 0; // behind the longest run of zeros
  let longest = 1;
  let run = 0;
  let i = 0;
  for (const group of groups) {
    i++;
    run = group === 0 ? run + 1 : 0;
    if (run > longest) {
      longest = run;
      end = i;
    }
  }
  let text = '';
  i = 0;
  for (const group of groups) {
    i++;
    if (i > end || i <= end - longest) text += i === 1 ? group.toString(16) : `:${group.toString(16)}`;
    else if (i === end) text += end === 8 ? '::' : ':'; // the group behind it brings the other colon
  }
  return text;
}

/**
 * The address as four 32 bit words, the highest first. Through memory, as `join` does it: half of the time that shifts
 * and masks take.
 */
export function words(address: bigint): readonly [number, number, number, number] {
  memory.setBigUint64(0, address >> 64n);
  memory.setBigUint64(8, address);
  return [memory.getUint32(0), memory.getUint32(4), memory.getUint32(8), memory.getUint32(12)];
}

function join(w0: number, w1: number, w2: number, w3: number): bigint {
  memory.setUint32(0, w0);
  memory.setUint32(4, w1);
  memory.setUint32(8, w2);
  memory.setUint32(12, w3);
  return (memory.getBigUint64(0) << 64n) | memory.getBigUint64(8);
}

/** Where one address changes its shape. Nothing is kept here: whoever reads has just written all of it. */
const memory = new DataView(new ArrayBuffer(16));

/** How many groups stand from a place to the end, a dotted quad being two. The groups themselves may be wrong. */
function groupsFrom(text: string, from: number): number {
  if (from === text.length) return 0;
  let groups = 1;
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === 58) groups++;
    else if (c === 46) return groups + 1;
  }
  return groups;
}

/** The value of a character as a hexadecimal digit, -1 for none. */
function hexDigit(c: number): number {
  if (c >= 48 && c <= 57) return c - 48;
  if (c >= 97 && c <= 102) return c - 87;
  if (c >= 65 && c <= 70) return c - 55;
  return -1;
}
