import { type Family, formatAddress, parseAddress } from './address.ts';
import { lastAddress, parseCidr } from './cidr.ts';

/** Addresses of one family from `first` to `last`, both included. */
export interface Range {
  readonly family: Family;
  readonly first: bigint;
  readonly last: bigint;
}

/** Reads an address (`10.0.0.9`), a range (`10.0.0.9-10.0.0.20`) or a CIDR (`10.0.0.0/28`). Undefined for anything else. */
export function parseRange(text: string): Range | undefined {
  if (text.includes('/')) {
    const cidr = parseCidr(text);
    return cidr && { family: cidr.family, first: cidr.base, last: lastAddress(cidr) };
  }
  const dash = text.indexOf('-');
  const first = parseAddress((dash < 0 ? text : text.slice(0, dash)).trim());
  const last = dash < 0 ? first : parseAddress(text.slice(dash + 1).trim());
  if (!first || first.family !== last?.family || first.value > last.value) return undefined;
  return { family: first.family, first: first.value, last: last.value };
}

/** Writes a range as `a-b`, or as `a` when it is one address. */
export function formatRange({ family, first, last }: Range): string {
  return first === last
    ? formatAddress(family, first)
    : `${formatAddress(family, first)}-${formatAddress(family, last)}`;
}

/** Sorts ranges and joins those that overlap or touch, so that equal sets have equal text. */
export function normalizeRanges(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of [...ranges].sort(compare)) {
    const previous = joined.at(-1);
    if (previous?.family === range.family && range.first <= previous.last + 1n) {
      joined[joined.length - 1] = { ...previous, last: previous.last > range.last ? previous.last : range.last };
    } else {
      joined.push(range);
    }
  }
  return joined;
}

function compare(a: Range, b: Range): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.first < b.first ? -1 : a.first > b.first ? 1 : 0;
}
