import type { Owner, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import { ownerKey } from '../pool/vm-to-ip.ts';

/**
 * What is decided and not yet durable. The next decision skips these addresses, reads do not show them, and a second
 * request of the same owner waits for the first.
 */
export class InFlight {
  readonly #owners = new Map<string, Promise<void>>();

  /** Settles when the change under way for this owner has ended, well or badly; undefined when there is none. */
  of(network: Network, owner: Owner): Promise<void> | undefined {
    return this.#owners.get(keyOf(network, owner));
  }

  /** Notes events as under way until `commit` settles. Returns a promise that settles like `commit`. */
  track(network: Network, owner: Owner, events: readonly PoolEvent[], commit: Promise<void>): Promise<void> {
    const key = keyOf(network, owner);
    const held: number[] = [];
    for (const event of events) {
      const offset = event.type === 'ip_allocated' ? network.offsetOf(event.ip) : undefined;
      if (offset === undefined) continue;
      network.hold(offset);
      held.push(offset);
    }
    const settle = () => {
      this.#owners.delete(key);
      for (const offset of held) network.unhold(offset);
    };
    const ended = commit.then(settle, (error: unknown) => {
      settle();
      throw error;
    });
    this.#owners.set(key, ended);
    return ended;
  }
}

const keyOf = (network: Network, owner: Owner) => `${network.id}\0${ownerKey(owner)}`;
