import { formatIPv4, parseIPv4 } from './address.ts';
import { lastAddress, parseCidr } from './cidr.ts';

/** Addresses from `first` to `last`, both included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** Reads an address (`10.0.0.9`), a range (`10.0.0.9-10.0.0.20`) or a CIDR (`10.0.0.0/28`). Undefined for anything else. */
export function parseRange(text: string): Range | undefined {
  if (text.includes('/')) {
    const cidr = parseCidr(text);
    return cidr && { first: cidr.base, last: lastAddress(cidr) };
  }
  const dash = text.indexOf('-');
  const first = parseIPv4((dash < 0 ? text : text.slice(0, dash)).trim());
  const last = dash < 0 ? first : parseIPv4(text.slice(dash + 1).trim());
  if (first === undefined || last === undefined || first > last) return undefined;
  return { first, last };
}

/** Writes a range as `a-b`, or as `a` when it is one address. */
export function formatRange({ first, last }: Range): string {
  return first === last ? formatIPv4(first) : `${formatIPv4(first)}-${formatIPv4(last)}`;
}

/** Sorts ranges and joins those that overlap or touch, so that equal sets have equal text. */
export function normalizeRanges(ranges: readonly Range[]): Range[] {
  const joined: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.first - b.first)) {
    const previous = joined.at(-1);
    if (previous && range.first <= previous.last + 1) {
      joined[joined.length - 1] = { first: previous.first, last: Math.max(previous.last, range.last) };
    } else {
      joined.push(range);
    }
  }
  return joined;
}
