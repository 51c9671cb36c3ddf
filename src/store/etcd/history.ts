import { type History, type HistoryQuery, matches, type Recorded } from '../history.ts';
import type { EtcdClient } from './client.ts';
import { eventsOf } from './events-of.ts';
import { available } from './failure.ts';
import type { KeyRange, Keys } from './keys.ts';
import type { RangeResponse } from './messages.ts';
import { within } from './operation.ts';

const PAGE = 500;

/** The records of all nodes. The id of an event is the end of its record's key, and its place in the record. */
export class EtcdHistory implements History {
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #revision: () => number;

  /** @param revision the newest that was delivered: a search shows nothing that the rest of the service does not know */
  constructor(client: EtcdClient, keys: Keys, revision: () => number) {
    this.#client = client;
    this.#keys = keys;
    this.#revision = revision;
  }

  async *search(query: HistoryQuery): AsyncIterable<Recorded> {
    const newest = this.#revision();
    const { events } = this.#keys;
    const after = query.after === undefined ? undefined : this.#placeOf(query.after);
    if (query.after !== undefined && !after) return;
    for (let from = after?.record ?? events.from; ;) {
      const { kvs, more } = await this.#page({ from, to: events.to });
      for (const kv of kvs) {
        const key = kv.key;
        from = `${key}\0`;
        if (!this.#keys.isEvent(key)) continue;
        // A record is written before any of its events happened later than it tells.
        if (query.since !== undefined && this.#keys.timeOf(key) < query.since) return;
        if (Number(kv.mod_revision) > newest) continue;
        const recorded = eventsOf(kv);
        const end = key === after?.record ? after.index : recorded.length;
        for (let index = end - 1; index >= 0; index--) {
          const event = recorded[index];
          if (!event || !matches(query, event)) continue;
          yield { id: `${key.slice(events.from.length).replaceAll('/', '.')}.${index}`, event };
        }
      }
      if (!more || kvs.length === 0) return;
    }
  }

  isId(text: string): boolean {
    return this.#placeOf(text) !== undefined;
  }

  /** @throws PoolError `store_unavailable` */
  async #page(range: KeyRange): Promise<RangeResponse> {
    return available(this.#client.range({ ...within(range), limit: PAGE }));
  }

  #placeOf(id: string): { readonly record: string; readonly index: number } | undefined {
    const match = /^([\da-f]{12}(?:\.[\w%-]{1,512}){2}\.[\da-f]{12})\.(\d{1,6})$/.exec(id);
    if (!match?.[1]) return undefined;
    return { record: this.#keys.events.from + match[1].replaceAll('.', '/'), index: Number(match[2]) };
  }
}
