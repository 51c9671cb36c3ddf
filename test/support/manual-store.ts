import { PoolError } from '../../src/errors.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { Delivery, type Deliver, type Source } from '../../src/store/delivered.ts';
import type { Store, StoreHealth } from '../../src/store/store.ts';

/** A commit whose outcome the test decides. */
export interface ManualCommit {
  readonly events: readonly PoolEvent[];
  /** Makes it durable: delivers the events, then resolves. */
  succeed(): void;
  /** Rejects. Its events are never delivered. */
  fail(error?: PoolError): void;
}

/** A store whose commits wait until the test makes them succeed or fail, in any order. */
export class ManualStore implements Store {
  /** Pending commits, oldest first. */
  readonly commits: ManualCommit[] = [];
  /** Called by each barrier before it resolves, to deliver what other nodes committed. */
  atBarrier: () => void = () => undefined;
  barriers = 0;
  writable = true;
  /** Stays empty. */
  readonly history = new MemoryStore().history;
  #deliver: Deliver = () => undefined;
  #count = 0;

  open(deliver: Deliver): Promise<void> {
    this.#deliver = deliver;
    return Promise.resolve();
  }

  commit(events: readonly PoolEvent[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (how: () => void) => () => {
        this.commits.splice(this.commits.indexOf(pending), 1);
        how();
      };
      const pending: ManualCommit = {
        events,
        succeed: end(() => {
          this.#deliverNext('own', events);
          resolve();
        }),
        fail: (error = new PoolError('storage_full', 'no room')) => end(() => reject(error))(),
      };
      this.commits.push(pending);
    });
  }

  /** Delivers what another writer committed. */
  deliver(...events: PoolEvent[]): void {
    this.#deliverNext('other', events);
  }

  #deliverNext(source: Source, events: readonly PoolEvent[]): void {
    this.#deliver(new Delivery(++this.#count, source, events));
  }

  async barrier(): Promise<void> {
    await Promise.resolve();
    this.barriers++;
    this.atBarrier();
  }

  health(): StoreHealth {
    return { writable: this.writable, reason: this.writable ? 'ok' : 'away' };
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

/** Resolves when everything that does not depend on the store has run. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
