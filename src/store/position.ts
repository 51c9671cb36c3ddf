import type { PoolEvent } from '../pool/events.ts';
import type { Delivered, Source } from './store.ts';

// Positions: how far a store has delivered, as text that outlives the process.

/** Digits of the largest integer that a number holds exactly. */
const DIGITS = 16;

/**
 * Formats the sequence number of a record, or a revision, as a position. The width is fixed, so that positions compare as
 * plain text: `a < b` when `a` was delivered before `b`.
 */
export function formatPosition(sequence: number): string {
  return String(sequence).padStart(DIGITS, '0');
}

/** The number in a position; undefined when the text is no position. */
export function parsePosition(position: string): number | undefined {
  if (!/^\d{16}$/.test(position)) return undefined;
  const sequence = Number(position);
  return Number.isSafeInteger(sequence) ? sequence : undefined;
}

/** One delivery. Formats its position only on demand: a start delivers a million of them, and nobody reads the position. */
export class Delivery implements Delivered {
  readonly #sequence: number;
  readonly source: Source;
  readonly events: readonly PoolEvent[];

  constructor(sequence: number, source: Source, events: readonly PoolEvent[]) {
    this.#sequence = sequence;
    this.source = source;
    this.events = events;
  }

  get position(): string {
    return formatPosition(this.#sequence);
  }
}
