import { DEFAULT_VRF } from './vrf.ts';
/** MAC addresses as text: six octets in lower case hexadecimal, with colons. */
import { words } from './ipv6.ts';

const COLONS_OR_HYPHENS = /^[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}$/i;
const DOTS = /^[0-9a-f]{4}\.[0-9a-f]{4}\.[0-9a-f]{4}$/i;
const BARE = /^[0-9a-f]{12}$/i;

/**
 * Reads `52:54:00:AB:cd:01`, `52-54-00-ab-cd-01`, `5254.00ab.cd01` and `525400abcd01`, and returns the first of these
 * spellings in lower case. Returns undefined for anything else, and for addresses that no NIC can have: all zeros, and
 * those with the group bit (multicast, broadcast).
 */
export function parseMac(text: string): string | undefined {
  if (!COLONS_OR_HYPHENS.test(text) && !DOTS.test(text) && !BARE.test(text)) return undefined;
  const digits = text.replace(/[:.-]/g, '').toLowerCase();
  if ((parseInt(digits.slice(0, 2), 16) & 1) === 1 || digits === '000000000000') return undefined;
  return withColons(digits);
}

/**
 * A locally administered unicast MAC that follows from the address alone, for a NIC that brings none.
 *
 *     IPv4, attempt 0   02:69:a:b:c:d         the octets of the address: two addresses never get the same one
 *     everything else   [89abcdef]2:h:h:h:h:h  43 bits of a hash over family and address
 *
 * The two ranges have no MAC in common. Hashed ones of one /96 differ, others are the same once in 2^43. The caller
 * tries the next attempt when a MAC is taken; each attempt from 0 to 2^32 - 1 gives another MAC of the same address.
 *
 * All are `x2`, the quadrant that IEEE 802c leaves to the administrator. Not in reach: 02:42 (Docker), 52:54:00 (QEMU)
 * and fe (what libvirt gives the host's end of a tap).
 */
export function macOf(family: 4 | 6, address: bigint, attempt: number): string {
  const parts = words(address);
  if (family === 4 && attempt === 0) return write(0x0269, parts[3]);
  const high = hash(parts, family);
  const low = hash(parts, ~family);
  // A sum, so that no two attempts meet; a hash of the attempt would only make it unlikely.
  return write((high & 0x70ff) | 0x8200, (low + attempt) >>> 0);
}

/**
 * The attempt to begin with in a VRF, from 0 to 2^31: 0 in the default one, elsewhere a hash of the name (FNV-1a), so that
 * equal addresses of two VRFs get different MACs although neither looks at the other.
 */
export function firstAttemptIn(vrf: string): number {
  if (vrf === DEFAULT_VRF) return 0;
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(vrf)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 1) + 1;
}

/** Murmur3 (32 bits). For equal beginnings it is a bijection of the last word. */
function hash(parts: readonly number[], seed: number): number {
  let h = seed;
  for (const word of parts) {
    let k = Math.imul(word, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64;
  }
  h ^= parts.length * 4;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function write(high: number, low: number): string {
  return withColons(high.toString(16).padStart(4, '0') + low.toString(16).padStart(8, '0'));
}

function withColons(d: string): string {
  return `${d.slice(0, 2)}:${d.slice(2, 4)}:${d.slice(4, 6)}:${d.slice(6, 8)}:${d.slice(8, 10)}:${d.slice(10)}`;
}
