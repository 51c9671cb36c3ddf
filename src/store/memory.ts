import { PoolError } from '../pool/errors.ts';
import type { PoolEvent } from '../pool/events.ts';
import type { Delivered, Store, StoreHealth } from './store.ts';

/** Keeps nothing: for trying ippool out, and for tests. Everything is forgotten when the process ends. */
export class MemoryStore implements Store {
  #deliver: ((batch: Delivered) => void) | undefined;

  open(deliver: (batch: Delivered) => void): Promise<void> {
    this.#deliver = deliver;
    return Promise.resolve();
  }

  async commit(events: readonly PoolEvent[]): Promise<void> {
    const deliver = this.#deliver;
    if (!deliver) throw new PoolError('store_unavailable', 'The store is closed');
    await Promise.resolve(); // like every store, delivers after the caller has noted what is in flight
    deliver(events);
  }

  barrier(): Promise<void> {
    return Promise.resolve();
  }

  health(): StoreHealth {
    return this.#deliver ? { writable: true, reason: 'ok' } : { writable: false, reason: 'closed' };
  }

  async close(): Promise<void> {
    this.#deliver = undefined;
    await Promise.resolve(); // what was committed before is delivered by now
  }
}
