import { PoolError } from '../errors.ts';

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

/** The error for a position that the history no longer, or never, goes back to. */
export function positionGone(position: string): PoolError {
  return new PoolError(
    'position_gone',
    `The history does not go back to position ${position}: read the current state and continue from there`,
    { position },
  );
}
