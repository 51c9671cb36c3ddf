import type { DomainEvent } from './families.ts';
import { formatPosition } from './position.ts';

/**
 * Where a delivery comes from: read back from storage, committed by this process, or committed by another node. A commit
 * of this process whose caller has already got an error counts as another node's.
 */
export type Source = 'replay' | 'own' | 'other';

/** Events that became durable together, in their order. */
export interface Delivered {
  /**
   * The position of the last of these events: opaque text whose plain string comparison is the order of delivery.
   * It never goes back, and live deliveries have strictly increasing positions. See {@link ./position.ts}.
   */
  readonly position: string;
  readonly source: Source;
  readonly events: readonly DomainEvent[];
}

/** Receives every delivery, in order. Must not throw. */
export type Deliver = (delivered: Delivered) => void;

/** One delivery. Formats its position only on demand: a start delivers a million of them, and nobody reads the position. */
export class Delivery implements Delivered {
  readonly #sequence: number;
  readonly source: Source;
  readonly events: readonly DomainEvent[];

  constructor(sequence: number, source: Source, events: readonly DomainEvent[]) {
    this.#sequence = sequence;
    this.source = source;
    this.events = events;
  }

  get position(): string {
    return formatPosition(this.#sequence);
  }
}
