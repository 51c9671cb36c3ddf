import type { Family } from '../../../net/address.ts';
import { normalizeRanges, parseRange, type Range } from '../../../net/range.ts';

/** Family, first and last address; the addresses as hexadecimal digits. */
export type Span = readonly [family: Family, first: string, last: string];

/** More spans would cost more space than they save time. */
const MAX_SPANS = 1000;
/** Ranges that are collected before they are merged. */
const PENDING = 4 * MAX_SPANS;

/** Collects the ranges that events are about, merged where they overlap or touch. */
export class Spans {
  #ranges: Range[] | undefined = [];

  add(first: string, last: string): void {
    const range = parseRange(`${first}-${last}`);
    if (!range) this.#ranges = undefined;
    if (!range || !this.#ranges) return;
    this.#ranges.push(range);
    if (this.#ranges.length >= PENDING) this.#join();
  }

  /** Undefined: there are too many, or one is not readable, so any address may be in one of them. */
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

/** Whether one of the spans includes an address; true for text that is not an address. */
export function mayInclude(spans: readonly Span[], ip: string): boolean {
  if (spans.length === 0) return false;
  const range = parseRange(ip);
  if (!range) return true;
  return spans.some(
    ([family, first, last]) =>
      family === range.family && BigInt(`0x${first}`) <= range.first && range.first <= BigInt(`0x${last}`),
  );
}
