import type { Origin, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import type { Subject } from './inflight.ts';

/** What a transaction changes. It is computed again before each attempt, because it may depend on the state. */
export interface Affected {
  readonly networks: readonly Network[];
  readonly owners: readonly Subject[];
}

/** The events of a transaction, and what its caller receives once they are durable. */
export interface Decision<T> {
  /** Empty: nothing has to change. */
  readonly events: readonly PoolEvent[];
  readonly result: T;
}

/**
 * Makes a decision. It may be called several times, and only its last decision is committed.
 *
 * @param hold keeps the addresses of events from the later parts of the same decision
 * @param affected what the attempt affects, as it was computed
 */
export type Decide<T, A = undefined> = (origin: Origin, hold: Hold, affected: A) => Decision<T>;

export type Hold = (events: readonly PoolEvent[]) => void;
