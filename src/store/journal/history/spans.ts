import type { Family } from '../../../net/address.ts';
import { normalizeRanges, parseRange, type Range } from '../../../net/range.ts';

/** Family, first and last address; the addresses as hexadecimal digits. */
export type Span = readonly [family: Family, first: string, last: string];

/** More than this would make an index larger than what it saves. */
const MAX_SPANS = 1000;
/** Ranges that are collected before they are joined. */
const PENDING = 4 * MAX_SPANS;

/** Collects the ranges that events are about, joined where they overlap or touch. */
export class Spans {
  #ranges: Range[] | undefined = [];

  add(first: string, last: string): void {
    const range = parseRange(`${first}-${last}`);
    if (!range) this.#ranges = undefined;
    if (!range || !this.#ranges) return;
    this.#ranges.push(range);
    if (this.#ranges.length >= PENDING) this.#join();
  }

  /** Undefined: too many, or one of them is none that can be read; any address may be in one of them. */
  list(): Span[] | undefined {
    this.#join();
    return this.#ranges?.map(({ family, first, last }) => [family, first.toString(16), last.toString(16)]);
  }

  #join(): void {
    const joined = normalizeRanges(this.#ranges ?? []);
    if (joined.length > MAX_SPANS) this.#ranges = undefined;
    else if (this.#ranges) this.#ranges = joined;
  }
}

/** Whether one of the spans includes an address; what is no address is in any. */
export function mayInclude(spans: readonly Span[], ip: string): boolean {
  if (spans.length === 0) return false;
  const range = parseRange(ip);
  if (!range) return true;
  return spans.some(
    ([family, first, last]) =>
      family === range.family && BigInt(`0x${first}`) <= range.first && range.first <= BigInt(`0x${last}`),
  );
}
