import { PoolError } from '../../src/errors.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { Delivery, type Deliver, type Source } from '../../src/store/delivered.ts';
import type { Store, StoreHealth } from '../../src/store/store.ts';

/** A commit that waits for the test to say how it ends. */
export interface HeldCommit {
  readonly events: readonly PoolEvent[];
  /** Makes it durable: delivers, then resolves. */
  succeed(): void;
  /** Nothing of it was or ever will be delivered. */
  fail(error?: PoolError): void;
}

/** A store whose commits and barriers the test holds back, ends in any order, and fails. */
export class HeldStore implements Store {
  /** Commits that did not end yet, oldest first. */
  readonly commits: HeldCommit[] = [];
  /** Called at each barrier, before it is through: what other nodes committed is delivered here. */
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
        this.commits.splice(this.commits.indexOf(held), 1);
        how();
      };
      const held: HeldCommit = {
        events,
        succeed: end(() => {
          this.#deliverNext('own', events);
          resolve();
        }),
        fail: (error = new PoolError('storage_full', 'no room')) => end(() => reject(error))(),
      };
      this.commits.push(held);
    });
  }

  /** What another writer committed. */
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

/** Resolves when everything that does not wait for the store has happened. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
