import { type Address, parseAddress } from '../net/address.ts';
import { type Cidr, enclosingNetwork, formatCidr, parseCidr } from '../net/cidr.ts';
import { parseMac } from '../net/mac.ts';
import { parseRange, type Range } from '../net/range.ts';
import { PoolError } from '../errors.ts';

// Fields whose text a schema cannot judge. Each names itself and the remedy when it is wrong.

function invalid(field: string, rule: string): PoolError {
  return new PoolError('invalid_request', `${field} is invalid: ${rule}`, { field });
}

/** @throws PoolError `invalid_request` that says which network was meant when host bits are set */
export function cidrField(field: string, text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr) return cidr;
  const meant = enclosingNetwork(text);
  if (meant) throw invalid(field, `it has host bits set: the network is ${formatCidr(meant)}`);
  throw invalid(field, 'it must be a network such as 10.1.0.0/16 or fd00:1::/64');
}

export function addressField(field: string, text: string): Address {
  const address = parseAddress(text);
  if (address) return address;
  throw invalid(field, 'it must be an address such as 10.1.0.1 or fd00:1::1');
}

export function rangeField(field: string, text: string): Range {
  const range = parseRange(text);
  if (range) return range;
  throw invalid(field, 'it must be an address, a range a-b or a CIDR');
}

export function rangesField(field: string, texts: readonly string[]): Range[] {
  return texts.map((text) => rangeField(field, text));
}

/** A MAC address in lower case with colons. */
export function macField(field: string, text: string): string {
  const mac = parseMac(text);
  if (mac !== undefined) return mac;
  throw invalid(field, 'it must be a unicast MAC address such as 52:54:00:12:34:56');
}

/** Beyond it RFC 3339 has no text. */
const YEAR_10000 = Date.UTC(10_000, 0);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:\d\d)$/i;

/** Milliseconds since 1970 of a time as in RFC 3339 (seconds may be missing). */
export function timeField(field: string, text: string): number {
  const at = TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (at < YEAR_10000) return at;
  throw invalid(field, 'it must be a time of RFC 3339 such as 2026-01-31T12:00:00Z');
}
