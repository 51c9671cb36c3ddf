import type { Pool } from '../pool/pool.ts';
import type { Delivered } from '../store/delivered.ts';
import type { SearchOrigin } from './search-origin.ts';

/** Applies what the store delivers. Nothing else in a running service calls `pool.apply`. */
export class Applier {
  readonly #pool: Pool;
  readonly #searchOrigin: SearchOrigin | undefined;
  #isEmpty = true;

  /** @param searchOrigin when other nodes share the store: where this node searches */
  constructor(pool: Pool, searchOrigin?: SearchOrigin) {
    this.#pool = pool;
    this.#searchOrigin = searchOrigin;
  }

  /** Whether nothing has been delivered yet. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  apply({ source, events }: Delivered): void {
    this.#isEmpty = false;
    const origin = this.#searchOrigin;
    for (const event of events) {
      this.#pool.apply(origin && source === 'other' ? origin.adopt(event) : event);
      if (origin && event.type === 'network_added') origin.move(event.network);
    }
  }
}
