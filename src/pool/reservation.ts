import type { Owner } from './events.ts';
import type { Span } from '../collections/span.ts';

/** Addresses that are given to nobody, or to one owner only. */
export interface Reservation extends Span {
  readonly id: string;
  readonly reason: string;
  /** Undefined: for nobody. */
  readonly owner: Owner | undefined;
  /** Milliseconds since 1970; undefined: never. */
  readonly expires_at: number | undefined;
  /** Milliseconds since 1970. */
  readonly created_at: number;
}
