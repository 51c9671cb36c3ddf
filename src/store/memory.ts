import { PoolError } from '../errors.ts';
import type { DomainEvent } from './families.ts';
import { type History, type HistoryQuery, isRecordNumber, matches, type Recorded } from './history.ts';
import type { Delivered, Store, StoreHealth } from './store.ts';

/** How many events are remembered for {@link MemoryStore.history}. */
const RING_SIZE = 10_000;

/** Keeps nothing: for trying ippool out, and for tests. Everything is forgotten when the process ends. */
export class MemoryStore implements Store {
  readonly #history = new Ring();
  #deliver: ((batch: Delivered) => void) | undefined;

  /** The last 10,000 events. */
  get history(): History {
    return this.#history;
  }

  open(deliver: (batch: Delivered) => void): Promise<void> {
    this.#deliver = deliver;
    return Promise.resolve();
  }

  async commit(events: readonly DomainEvent[]): Promise<void> {
    const deliver = this.#deliver;
    if (!deliver) throw new PoolError('store_unavailable', 'The store is closed');
    await Promise.resolve(); // like every store, delivers after the caller has noted what is in flight
    deliver(events);
    for (const event of events) this.#history.add(event);
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

/** The newest events, each in the slot of its number: the one 10,000 later takes its place. */
class Ring implements History {
  readonly #slots: DomainEvent[] = [];
  #seq = 0;

  add(event: DomainEvent): void {
    this.#slots[this.#seq++ % RING_SIZE] = event;
  }

  async *search(query: HistoryQuery): AsyncIterable<Recorded> {
    const before = query.after === undefined ? Number.POSITIVE_INFINITY : Number(query.after);
    for (let seq = Math.min(this.#seq, before - 1); seq > Math.max(0, this.#seq - RING_SIZE); seq--) {
      const event = this.#slots[(seq - 1) % RING_SIZE];
      if (event && matches(query, event)) yield await Promise.resolve({ id: String(seq), event });
    }
  }

  isId(text: string): boolean {
    return isRecordNumber(text);
  }
}
