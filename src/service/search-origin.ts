import type { PoolEvent } from '../pool/events.ts';
import type { Pool } from '../pool/pool.ts';
import { randomStrategy } from '../pool/strategy.ts';

/** In addresses: another node that allocates this close behind our search would soon collide with it. */
const NEAR = 256n;

/**
 * Lets each node of a cluster search for addresses in a different part of a network, so that two nodes seldom choose the
 * same one. This is only a hint: the commit decides who gets an address.
 */
export class SearchOrigin {
  readonly #pool: Pool;
  readonly #random: () => number;

  /** @param random uniform in [0, 1) */
  constructor(pool: Pool, random: () => number) {
    this.#pool = pool;
    this.#random = random;
  }

  /** Continues elsewhere in every network, after a replay has shown where other nodes allocated. */
  moveAll(): void {
    for (const { id } of this.#pool.networks) this.move(id);
  }

  /** Continues at a random place in a network. */
  move(id: string): void {
    const network = this.#pool.find(id);
    if (!network) return;
    const offset = randomStrategy(this.#random).start(network.assignable.space, undefined);
    network.startSearchAt(offset);
  }

  /** Moves away after a conflict. @param events of our commit that lost */
  overtaken(events: readonly PoolEvent[]): void {
    for (const event of events) if (event.type === 'ip_allocated') this.move(event.network);
  }

  /** Returns an event of another node as this node applies it, so that it does not move our search. */
  adopt(event: PoolEvent): PoolEvent {
    if (event.type !== 'ip_allocated') return event;
    const network = this.#pool.find(event.network);
    const offset = event.requested ? undefined : network?.offsetOf(event.ip);
    const ahead =
      offset === undefined || network?.searchCursor === undefined ? undefined : offset - network.searchCursor;
    if (ahead !== undefined && ahead >= 0n && ahead < NEAR) this.move(event.network);
    return { requested: true, ...event }; // V8 reads objects with this order of keys faster
  }
}
