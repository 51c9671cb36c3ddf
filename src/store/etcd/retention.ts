import type { EtcdClient } from './client.ts';
import type { Keys } from './keys.ts';
import { removeAll } from './operation.ts';

const LOOK_MS = 60 * 60 * 1000;

/** Deletes records that are older than history is kept. Any node does, and it does not matter how many: they name no one. */
export class Retention {
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  #timer: NodeJS.Timeout | undefined;

  constructor(client: EtcdClient, keys: Keys) {
    this.#client = client;
    this.#keys = keys;
  }

  /** @param until before when nothing is kept any more; milliseconds since 1970 */
  open(until: () => number): void {
    const look = () => void this.forget(until()).catch(() => undefined); // in an hour again
    look();
    this.#timer = setInterval(look, LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async forget(until: number): Promise<void> {
    if (until <= 0) return;
    await this.#client.txn({ compare: [], success: [removeAll(this.#keys.eventsUntil(until))], failure: [] });
  }
}
