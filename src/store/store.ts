import type { Deliver } from './delivered.ts';
import type { DomainEvent } from './families.ts';
import type { History } from './history.ts';

/** How much of the stored data has been read while a store opens, in bytes. */
export interface Progress {
  readonly done: number;
  readonly total: number;
}

/** Whether commits can succeed now. */
export interface StoreHealth {
  readonly writable: boolean;
  /** For people: "ok", or why commits fail. */
  readonly reason: string;
  /** While the store opens; absent when the total is not known. */
  readonly progress?: Progress;
}

/** Where events become durable. One conformance suite runs against every implementation. */
export interface Store {
  /** What was committed, newest first. Empty before the store is open. */
  readonly history: History;
  /**
   * Delivers everything that was ever committed, once and in order: first what leads to the stored state, with source
   * `replay`, then live. Resolves when the stored state has been delivered.
   */
  open(deliver: Deliver): Promise<void>;
  /**
   * Makes one batch durable, all or nothing. Resolves after its own delivery.
   * Rejects with `conflict` when another writer was first, and with `storage_full` when there is no room; then nothing of
   * the batch was or ever will be delivered. Rejects with `store_unavailable` when it cannot write. Then nothing was
   * delivered either, unless several nodes share the store and this one lost contact: the batch may still be delivered
   * later, and a repeated request then finds it.
   */
  commit(events: readonly DomainEvent[]): Promise<void>;
  /** Resolves when everything that was committed anywhere before this call has been delivered here. One barrier serves all waiters. */
  barrier(): Promise<void>;
  /** For readiness probes; never touches the disk or the network. */
  health(): StoreHealth;
  /** Finishes the commits that are under way, then releases all resources. Later commits reject with `store_unavailable`. */
  close(): Promise<void>;
}
