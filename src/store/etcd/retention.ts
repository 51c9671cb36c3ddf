import type { EtcdClient } from './client.ts';
import type { IpCooling } from '../../pool/events.ts';
import type { Keys } from './keys.ts';
import { pages } from './pages.ts';
import type { KeyValue } from './messages.ts';
import { at, isAtRevision, remove, within } from './operation.ts';

const LOOK_MS = 60 * 60 * 1000;

/** Clocks may differ; nobody minds that something is forgotten later. */
const SPARE_MS = 60 * 60 * 1000;
/** Deletions of one transaction, of 128 operations. */
const BATCH = 100;
/** Records that are deleted at once: etcd does nothing else meanwhile. */
const CHUNK = 1000;

/**
 * Deletes records that are older than history is kept, and what was kept in mind of released addresses and is over. Any
 * node does, and it does not matter how many.
 */
export class Retention {
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #failed: (error: unknown) => void;
  #timer: NodeJS.Timeout | undefined;

  /** @param failed told why something was not deleted; it is tried again */
  constructor(client: EtcdClient, keys: Keys, failed: (error: unknown) => void) {
    this.#client = client;
    this.#keys = keys;
    this.#failed = failed;
  }

  /** @param keptMs how long history is kept @param now milliseconds since 1970 */
  open(keptMs: number, now: () => number): void {
    const look = () => {
      this.forget(now() - keptMs).catch(this.#failed);
      this.forgetMemories(now() - SPARE_MS).catch(this.#failed);
    };
    look();
    this.#timer = setInterval(look, LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async forget(until: number): Promise<void> {
    if (until <= 0) return;
    const { from, to } = this.#keys.eventsUntil(until);
    for (;;) {
      const { kvs, more } = await this.#client.range({ ...within({ from, to }), limit: CHUNK, keys_only: true });
      const last = kvs.at(-1);
      if (!last) return;
      await this.#client.deleteRange(within({ from, to: `${last.key}\0` }));
      if (!more) return;
    }
  }

  /** Deletes what has meant nothing to anybody since a time, unless it has been put anew. */
  async forgetMemories(before: number): Promise<void> {
    const { header } = await this.#client.range(at(this.#keys.head));
    for await (const page of pages(this.#client, this.#keys.family('mem'), Number(header.revision))) {
      const over = page.filter((kv) => isOver(kv, before));
      for (let first = 0; first < over.length; first += BATCH) {
        const success = over.slice(first, first + BATCH).map((kv) => ({
          request_txn: {
            compare: [isAtRevision(kv.key, Number(kv.mod_revision))],
            success: [remove(kv.key)],
            failure: [],
          },
        }));
        await this.#client.txn({ compare: [], success, failure: [] });
      }
    }
  }
}

function isOver({ value }: KeyValue, before: number): boolean {
  const { cooling_until = 0, sticky_until = 0 } = JSON.parse(value) as IpCooling;
  return Math.max(cooling_until, sticky_until) < before;
}
