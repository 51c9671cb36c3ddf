import { ownerKey } from '../../pool/allocation.ts';
import type { PoolEvent } from '../../pool/events.ts';
import { KeyedHash } from '../../collections/keyed-hash.ts';
import type { EtcdClient } from './client.ts';
import { eventOf } from './events-of.ts';
import type { Keys } from './keys.ts';
import { pages } from './pages.ts';

const LOOK_MS = 10 * 60 * 1000;
/** Events that are looked at between two turns of the event loop. */
const SLICE = 1000;

export interface InspectionOptions {
  readonly client: EtcdClient;
  readonly keys: Keys;
  /** The newest revision that has been delivered. */
  readonly revision: () => number;
  /** What this node holds at that revision, of the moment when it is called. */
  readonly state: () => Iterable<PoolEvent>;
  /** Told what does not agree. */
  readonly found: (what: 'replica' | 'owners', facts: object) => void;
}

/**
 * Looks every ten minutes whether all agree at one revision: the allocations that this node holds, those that etcd holds
 * by address, and those that it holds by owner. They do; if ever they do not, somebody has to know before a VM does.
 */
export class Inspection {
  readonly #options: InspectionOptions;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: InspectionOptions) {
    this.#options = options;
  }

  open(): void {
    this.#timer = setInterval(() => void this.look().catch(() => undefined), LOOK_MS).unref(); // in ten minutes again
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** @throws EtcdError when etcd cannot be asked, or has compacted the revision meanwhile */
  async look(): Promise<void> {
    const { client, keys, revision, state, found } = this.#options;
    const at = revision();
    const here = new Tally();
    let seen = 0;
    for (const event of state()) {
      if (event.type === 'ip_allocated') here.add(keys.allocation(event.network, event.ip), ownerKey(event));
      if (++seen % SLICE === 0) await new Promise(setImmediate);
    }
    const byAddress = new Tally();
    const owned = new Tally();
    for await (const page of pages(client, keys.family('ip'), at)) {
      for (const kv of page) {
        const event = eventOf(kv) as Extract<PoolEvent, { type: 'ip_allocated' }>;
        const owner = ownerKey(event);
        byAddress.add(kv.key, owner);
        if (owner !== undefined) owned.add(keys.owner(event.network, owner), event.ip);
      }
    }
    const byOwner = new Tally();
    for await (const page of pages(client, keys.family('vm'), at)) for (const kv of page) byOwner.add(kv.key, kv.value);
    if (!here.equals(byAddress)) found('replica', { revision: at, here: here.count, etcd: byAddress.count });
    if (!owned.equals(byOwner)) found('owners', { revision: at, addresses: owned.count, owners: byOwner.count });
  }
}

const HASHES = [new KeyedHash(1), new KeyedHash(2)];

/** A sum over pairs that does not depend on their order. Finds mistakes, not forgeries. */
class Tally {
  count = 0;
  #sums = [0, 0];

  add(key: string, value = ''): void {
    const text = `${key}\0${value}`;
    this.count++;
    this.#sums = this.#sums.map((sum, i) => (sum + (HASHES[i]?.of(text) ?? 0)) >>> 0);
  }

  equals(other: Tally): boolean {
    return this.count === other.count && this.#sums.every((sum, i) => sum === other.#sums[i]);
  }
}
