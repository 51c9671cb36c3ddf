import { PoolError } from '../errors.ts';
import { type History, type HistoryQuery, isRecordNumber, matches, type Recorded } from './history.ts';
import { type Deliver, type Delivered, Delivery } from './delivered.ts';
import type { DomainEvent } from './families.ts';
import { parsePosition, positionGone } from './position.ts';
import type { Store, StoreHealth } from './store.ts';

/** How many events {@link MemoryStore.history} keeps. */
const RING_SIZE = 10_000;

/** Keeps nothing on disk: for a first try, and for tests. Everything is lost when the process ends. */
export class MemoryStore implements Store {
  readonly #history = new Ring();
  #deliver: Deliver | undefined;

  /** The last 10,000 events. */
  get history(): History {
    return this.#history;
  }

  open(deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
    return Promise.resolve();
  }

  async commit(events: readonly DomainEvent[]): Promise<void> {
    const deliver = this.#deliver;
    if (!deliver) throw new PoolError('store_unavailable', 'The store is closed');
    await Promise.resolve(); // like every store, delivers after the caller has noted what is in flight
    this.#history.add(events);
    deliver(new Delivery(this.#history.seq, 'own', events));
  }

  barrier(): Promise<void> {
    return Promise.resolve();
  }

  health(): StoreHealth {
    return this.#deliver ? { writable: true, reason: 'ok' } : { writable: false, reason: 'closed' };
  }

  async close(): Promise<void> {
    this.#deliver = undefined;
    await Promise.resolve(); // earlier commits have been delivered by now
  }
}

/** An event, and the number of the last event of its batch. */
interface Slot {
  readonly event: DomainEvent;
  readonly last: number;
}

/** The newest events, each in the slot of its number: the event 10,000 later replaces it. */
class Ring implements History {
  readonly #slots: Slot[] = [];
  #seq = 0;

  /** Number of the newest event; 0 when there is none. */
  get seq(): number {
    return this.#seq;
  }

  add(events: readonly DomainEvent[]): void {
    const last = this.#seq + events.length;
    for (const event of events) this.#slots[this.#seq++ % RING_SIZE] = { event, last };
  }

  async *search(query: HistoryQuery): AsyncIterable<Recorded> {
    const before = query.after === undefined ? Number.POSITIVE_INFINITY : Number(query.after);
    for (let seq = Math.min(this.#seq, before - 1); seq > Math.max(0, this.#seq - RING_SIZE); seq--) {
      const event = this.#slots[(seq - 1) % RING_SIZE]?.event;
      if (event && matches(query, event)) yield await Promise.resolve({ id: String(seq), event });
    }
  }

  async *after(position: string): AsyncIterable<Delivered> {
    const { seq: end } = this;
    for (let seq = parsePosition(position) ?? -1; seq < end;) {
      const first = this.#slots[seq % RING_SIZE];
      if (!first || seq < this.#seq - RING_SIZE) throw positionGone(position);
      const batch: DomainEvent[] = [];
      while (seq < first.last) {
        const slot = this.#slots[seq++ % RING_SIZE];
        if (slot) batch.push(slot.event);
      }
      yield await Promise.resolve(new Delivery(seq, 'replay', batch));
    }
  }

  isId(text: string): boolean {
    return isRecordNumber(text);
  }
}
