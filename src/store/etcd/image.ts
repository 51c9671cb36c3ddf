import { ownerKey } from '../../pool/allocation.ts';
import { PoolError } from '../../errors.ts';
import type { DomainEvent } from '../families.ts';
import type { EtcdClient } from './client.ts';
import { available, EtcdError } from './failure.ts';
import { type KeyRange, Keys, nodeOf } from './keys.ts';
import { load } from './load.ts';
import { memoryKey } from './memory.ts';
import type { Compare, RequestOp } from './messages.ts';
import { requirePoolEvent } from './pool-events.ts';
import { at, hasValue, isAbsent, put, read, removeAll, within } from './operation.ts';

/** Events of one transaction: two keys each, of 128 operations. */
const EVENTS = 60;
const MAX_BYTES = 1_000_000;
const ATTEMPTS = 20;
const AGAIN_MS = 500;

/**
 * All that is below a prefix of etcd, to be written at once or read at once, while no node runs.
 *
 * While it is written a key says so, with a word of our own that every transaction compares: so no node starts on a half
 * ({@link Fence} asks for it), and of two who write only the one who came last goes on. What a broken-off attempt left is
 * deleted by the next.
 */
export class Image {
  readonly prefix: string;
  /** Names of the event families that have keys here. */
  readonly families: readonly string[] = ['pool'];
  readonly #client: EtcdClient;
  readonly #keys: Keys;
  readonly #word: string;
  /** The revision of what was read. */
  #read: number | undefined;

  /** @param word that nobody has ever had */
  constructor(client: EtcdClient, prefix: string, word: string) {
    this.#client = client;
    this.prefix = prefix.endsWith('/') ? prefix : `${prefix}/`;
    this.#keys = new Keys(prefix);
    this.#word = word;
  }

  /** @throws PoolError `data_mismatch` when something is there */
  async begin(): Promise<void> {
    const { all, moving } = this.#keys;
    const { kvs } = await available(this.#client.range(at(moving)));
    const before = kvs[0]?.value;
    // Of an empty range it is true.
    const isEmpty = (range: KeyRange): Compare => {
      return { target: 'CREATE', result: 'EQUAL', ...within(range), create_revision: 0 };
    };
    const compare = before === undefined ? [isAbsent(moving), ...all.map(isEmpty)] : [hasValue(moving, before)];
    const success = before === undefined ? [] : all.map(removeAll);
    const { succeeded } = await available(
      this.#client.txn({ compare, success: [...success, put(moving, this.#word)], failure: [] }),
    );
    if (succeeded) return;
    throw new PoolError(
      'data_mismatch',
      `etcd holds something at ${this.prefix} already: nothing was changed. Use another --etcd-prefix, or delete it (etcdctl del --prefix ${this.prefix}, which takes every cluster at a longer prefix with it)`,
      { prefix: this.prefix },
    );
  }

  /** Writes the shortest history that leads to a state. */
  async write(events: Iterable<DomainEvent>): Promise<void> {
    let operations: RequestOp[] = [];
    let count = 0;
    let bytes = 0;
    for (const event of events) {
      for (const [key, value] of this.#entriesOf(event)) {
        operations.push(put(key, value));
        bytes += key.length + value.length;
      }
      if (++count < EVENTS && bytes < MAX_BYTES) continue;
      await this.#send(operations);
      [operations, count, bytes] = [[], 0, 0];
    }
    if (operations.length > 0) await this.#send(operations);
  }

  /** From now on nodes may start. */
  async finish(): Promise<void> {
    const { moving, moved } = this.#keys;
    await this.#send([{ request_delete_range: at(moving) }, put(moved, this.#word)]);
  }

  /** Reads all, at one revision. @throws PoolError `data_mismatch` when somebody else is writing it */
  async read(deliver: (event: DomainEvent) => void): Promise<void> {
    const { kvs } = await available(this.#client.range(at(this.#keys.moving)));
    const word = kvs[0]?.value;
    if (word !== undefined && word !== this.#word) {
      throw new PoolError(
        'data_mismatch',
        `What etcd holds at ${this.prefix} is half: a migration to it was broken off`,
      );
    }
    this.#read = await available(load(this.#client, this.#keys, (events) => events.forEach(deliver)));
  }

  /** @throws PoolError `data_locked` while nodes run, or when one has started since it was read: that tells of itself late */
  async refuseLive(): Promise<void> {
    const kvs = [...(await available(this.#client.range(within(this.#keys.family('node'))))).kvs];
    if (this.#read !== undefined) {
      const since = { ...within(this.#keys.family('fence')), min_mod_revision: this.#read + 1 };
      kvs.push(...(await available(this.#client.range(since))).kvs);
    }
    const nodes = [...new Set(kvs.map((kv) => nodeOf(kv.key)))];
    if (nodes.length === 0) return;
    throw new PoolError('data_locked', `Stop ippool first: it runs as node ${nodes.join(', ')}`, { nodes });
  }

  *#entriesOf(any: DomainEvent): Generator<readonly [string, string]> {
    const event = requirePoolEvent(any);
    const value = JSON.stringify(event);
    switch (event.type) {
      case 'network_added':
        yield [this.#keys.network(event.network), value];
        return;
      case 'reservation_added':
        yield [this.#keys.reservation(event.network, event.reservation), value];
        return;
      case 'ip_allocated': {
        yield [this.#keys.allocation(event.network, event.ip), value];
        const owner = ownerKey(event);
        if (owner !== undefined) yield [this.#keys.owner(event.network, owner), event.ip];
        return;
      }
      case 'ip_remembered':
        yield [memoryKey(this.#keys, event), value];
        return;
      case 'time_told':
        yield [this.#keys.head, String(event.at)];
        return;
      default: // every node searches from a place of its own
    }
  }

  async #send(success: readonly RequestOp[]): Promise<void> {
    const compare = [hasValue(this.#keys.moving, this.#word)];
    const failure = [read(this.#keys.moved)];
    const { succeeded, responses } = await this.#repeated(() => this.#client.txn({ compare, success, failure }));
    // An attempt of unknown outcome may have been the last one.
    const isDone = succeeded || responses[0]?.response_range?.kvs[0]?.value === this.#word;
    if (!isDone) throw new PoolError('conflict', `Another migration to ${this.prefix} goes on: this one ends`);
  }

  /** What is written here may be written twice. */
  async #repeated<T>(call: () => Promise<T>): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await call();
      } catch (error) {
        const isLost = error instanceof EtcdError && !error.isRefusal && !error.isFull;
        if (!isLost || attempt >= ATTEMPTS) return available(Promise.reject(error as Error));
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }
}
