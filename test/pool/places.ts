import { type Cidr, contains, parseCidr } from '../../src/net/cidr.ts';
import { parseRange, type Range } from '../../src/net/range.ts';

// The places that the commands of the model test play in. Some of the networks overlap; the last of each family are so
// large that they are kept sparse: there the ranges leave only some of the addresses below usable.

export const CIDRS: readonly Cidr[] = [
  '172.16.0.0/26',
  '172.16.0.0/27',
  '172.16.0.32/27',
  '172.16.0.16/28',
  '172.16.0.32/28',
  '172.16.0.40/29',
  '172.16.0.48/30',
  '172.16.0.52/31',
  '172.16.0.60/32',
  'fd00::/122',
  'fd00::20/123',
  'fd00::10/124',
  'fd00::2/127',
  'fd00::3f/128',
  'fd00:0:0:1::/100',
  'fd00:0:0:1::/64',
  'fd00::/62',
].map((text) => parseCidr(text)!);

const SEGMENTS: readonly Range[] = [
  '172.16.0.0/26',
  'fd00::/122',
  'fd00:0:0:1::/123',
  'fd00:0:0:1::fff:fff0/124',
  'fd00:0:0:1:8000::/124',
  'fd00:0:0:1:ffff:ffff:ffff:fff0/124',
].map((text) => parseRange(text)!);

/** Addresses that are looked at, in order: all of the small networks, some of the large ones. */
export function addressesOf(cidr: Cidr): bigint[] {
  return segmentsOf(cidr).flatMap(({ first, last }) =>
    Array.from({ length: Number(last - first + 1n) }, (_, at) => first + BigInt(at)),
  );
}

/** Those addresses as ranges: in a large network nothing else may be usable. */
export function segmentsOf(cidr: Cidr): Range[] {
  return SEGMENTS.flatMap(({ family, first, last }) => {
    const inside: bigint[] = [];
    for (let at = first; at <= last; at++) if (contains(cidr, { family, value: at })) inside.push(at);
    const [from] = inside;
    return from === undefined ? [] : [{ family, first: from, last: inside.at(-1) ?? from }];
  });
}

/** Whether not every address of a network is looked at. */
export function isLarge(cidr: Cidr): boolean {
  return cidr.prefixLength < (cidr.family === 4 ? 26 : 122);
}

/** An address near to, and mostly in, a network. */
export function addressAt(cidr: Cidr, index: number): bigint {
  const all = addressesOf(cidr);
  const at = index % (all.length + 2);
  return at === all.length ? cidr.base - 1n : at > all.length ? cidr.base + 64n : all[at]!;
}

/** So many addresses from one on, as far as they are looked at. */
export function rangeAt(cidr: Cidr, index: number, more: number): Range {
  const { family } = cidr;
  const first = addressAt(cidr, index);
  const segment = segmentsOf(cidr).find((each) => each.first <= first && first <= each.last);
  const last = first + BigInt(more);
  return { family, first, last: segment && segment.last < last ? segment.last : segment ? last : first };
}
