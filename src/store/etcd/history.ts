import { type History, type HistoryQuery, matches, type Recorded } from '../history.ts';
import type { EtcdClient } from './client.ts';
import { eventsOf } from './events-of.ts';
import { available } from './failure.ts';
import type { KeyRange, Keys } from './keys.ts';
import type { RangeResponse } from './messages.ts';
import { MARGIN_MS } from './missed.ts';
import { read, within } from './operation.ts';
import { type Delivered, Delivery } from '../delivered.ts';
import { parsePosition, positionGone } from '../position.ts';

const PAGE = 500;
/** Records read by their keys only. */
const KEYS_PAGE = 5000;

/** A record, and the revision that put it. */
interface PlacedRecord {
  readonly key: string;
  readonly revision: number;
}

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

  /**
   * Reads the keys of the records first, newest first, and then the records in the order of their revisions. Retention
   * deletes the oldest records: while one is left that is not newer than the position, nothing behind it is missing.
   */
  async *after(position: string): AsyncIterable<Delivered> {
    const from = parsePosition(position) ?? -1;
    const newest = this.#revision();
    if (from >= newest) return;
    const found = await this.#recordsBetween(from, newest);
    if (!found) throw positionGone(position);
    for (let first = 0; first < found.length;) {
      const { revision } = found[first] ?? { revision: 0 };
      const next = found.findIndex((record, index) => index > first && record.revision > revision);
      const end = next < 0 ? found.length : next;
      const keys = found.slice(first, end).map(({ key }) => key);
      first = end;
      const { responses } = await available(
        this.#client.txn({ compare: [], success: keys.map((key) => read(key)), failure: [] }),
      );
      const records = responses.flatMap(({ response_range: range }) => range?.kvs ?? []);
      if (records.length < keys.length) throw positionGone(position); // deleted by retention meanwhile
      yield new Delivery(revision, 'replay', records.flatMap(eventsOf));
    }
  }

  /** The records that were put after a revision, in order; undefined when older ones have been deleted. */
  async #recordsBetween(from: number, newest: number): Promise<PlacedRecord[] | undefined> {
    const { events } = this.#keys;
    const found: PlacedRecord[] = [];
    let known = Number.NEGATIVE_INFINITY; // time of the newest record that is not behind `from`
    for (let begin = events.from; ;) {
      const page = await available(
        this.#client.range({ ...within({ from: begin, to: events.to }), limit: KEYS_PAGE, keys_only: true }),
      );
      for (const { key, mod_revision } of page.kvs) {
        begin = `${key}\0`;
        if (!this.#keys.isEvent(key)) continue;
        const revision = Number(mod_revision);
        if (revision <= from) known = Math.max(known, this.#keys.timeOf(key));
        else if (revision <= newest) found.push({ key, revision });
      }
      const last = page.kvs.at(-1);
      const isEnd = !page.more || !last;
      if (isEnd || (this.#keys.isEvent(last.key) && this.#keys.timeOf(last.key) < known - MARGIN_MS)) break;
    }
    if (known === Number.NEGATIVE_INFINITY) return undefined;
    // The keys of one transaction count down.
    return found.sort((a, b) => a.revision - b.revision || (a.key < b.key ? 1 : -1));
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
