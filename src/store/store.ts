import type { DomainEvent } from './families.ts';

/** Events that became durable together, in their order. */
export type Delivered = readonly DomainEvent[];

/** How much of the history was read while a store opens, in bytes. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Whether commits can succeed now. */
export interface StoreHealth {
  readonly writable: boolean;
  /** For people: why not, or "ok". */
  readonly reason: string;
  /** While the history is being read; absent where nobody knows how much there is. */
  readonly progress?: Progress;
}

/** Where events become durable. One conformance suite runs over every implementation. */
export interface Store {
  /** Delivers all that was ever committed, once and in order: history first, then live. Resolves when history is through. */
  open(deliver: (batch: Delivered) => void): Promise<void>;
  /**
   * Makes one batch durable, all or nothing. Resolves after its own delivery.
   * Rejects with `conflict` when another writer was first, with `storage_full` when there is no room; then nothing of the
   * batch was or ever will be delivered. Rejects with `store_unavailable` when it cannot write: then nothing was either,
   * unless the store is one of several nodes and lost touch with the others while they wrote. What they wrote is
   * delivered once it hears of it, and whoever asks again meets it.
   */
  commit(events: readonly DomainEvent[]): Promise<void>;
  /** Resolves when all that was committed anywhere before this call has been delivered here. One barrier serves all who wait. */
  barrier(): Promise<void>;
  /** What readiness asks; never touches the disk or the network. */
  health(): StoreHealth;
  /** Finishes what was committed, then lets go of everything. Commits after it reject with `store_unavailable`. */
  close(): Promise<void>;
}
