import { Mutex } from 'async-mutex';
import { type Allocation, ownerKey } from '../pool/allocation.ts';
import type { Owner, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';

/** Every network. */
export const ALL = '*';

/** Whom a change concerns: one owner (or address without one) of a network, or a whole network, or all of them. */
export type Subject = string;

export function ownerSubject(network: Network, owner: Owner, offset?: bigint): Subject | undefined {
  const key = ownerKey(owner) ?? (offset === undefined ? undefined : `\0\0${offset}`);
  return key === undefined ? undefined : `${network.id}\0${key}`;
}

/** What a subject of a network holds. */
export function allocationOfOwner(network: Network, subject: Subject): Allocation | undefined {
  const [id, vm_id = '', second = '', third] = subject.split('\0');
  if (id !== network.id) return undefined;
  if (vm_id !== '') return network.byOwner({ vm_id, nic: second });
  return third === undefined ? network.byOwner({ vm_id: '', nic: '', key: second }) : network.byOffset(BigInt(third));
}

interface Change {
  readonly networks: readonly Network[];
  /** Settles when it has ended, well or badly. */
  readonly ended: Promise<void>;
}

/**
 * What is decided and not yet durable. The next decision skips these addresses, reads do not show them, and a second
 * request of the same owner waits for the first. A change of a network waits for all that is under way in it, and the
 * other way round.
 */
export class InFlight {
  readonly #pool: Pool;
  readonly #owners = new Map<Subject, Change>();
  /** Changes that concern no owner. */
  readonly #others = new Set<Change>();
  /** Decisions are synchronous and need none; a change of a network waits, and one at a time. */
  readonly #mutex = new Mutex();
  /** The change of networks that is under way, or waits for those in it to end. */
  #alone: { readonly network: string; readonly ended: Promise<void> } | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Settles when a change under way in the way of these has ended, well or badly; undefined when there is none. */
  before(networks: readonly Network[], owners: readonly Subject[]): Promise<void> | undefined {
    if (this.#alone) {
      const { network, ended } = this.#alone;
      if (network === ALL || networks.some(({ id }) => id === network)) return ended;
    }
    for (const owner of owners) {
      const earlier = this.#owners.get(owner);
      if (earlier) return earlier.ended;
    }
    return undefined;
  }

  /**
   * Waits until nothing is under way in a network, or anywhere ({@link ALL}), and keeps it so: whoever comes meanwhile
   * waits. Returns what ends that.
   */
  async alone(network: string): Promise<() => void> {
    const release = await this.#mutex.acquire();
    let end: () => void = nothing;
    const ended = new Promise<void>((resolve) => (end = resolve));
    this.#alone = { network, ended };
    for (let other = this.anyIn(network); other; other = this.anyIn(network)) await other.catch(nothing);
    return () => {
      this.#alone = undefined;
      end();
      release();
    };
  }

  /** One of the changes under way in a network, or anywhere. */
  anyIn(network: string): Promise<void> | undefined {
    for (const changes of [this.#owners.values(), this.#others]) {
      for (const { networks, ended } of changes) {
        if (network === ALL || networks.some(({ id }) => id === network)) return ended;
      }
    }
    return undefined;
  }

  /** Keeps the addresses that events give from the next decisions. Returns what lets go of them. */
  hold(events: readonly PoolEvent[]): () => void {
    const held: [Network, bigint][] = [];
    for (const event of events) {
      if (event.type !== 'ip_allocated') continue;
      const network = this.#pool.find(event.network);
      const offset = network?.offsetOf(event.ip);
      if (!network || offset === undefined) continue;
      network.hold(offset, event.end_ip === undefined ? offset : (network.offsetOf(event.end_ip) ?? offset));
      held.push([network, offset]);
    }
    return () => {
      for (const [network, offset] of held) network.unhold(offset);
    };
  }

  /**
   * Notes a change as under way until `commit` settles. Returns a promise that settles like `commit`.
   *
   * @param letGo called at the end: see {@link hold}
   */
  track(
    networks: readonly Network[],
    owners: readonly Subject[],
    commit: Promise<void>,
    letGo: () => void,
  ): Promise<void> {
    const settle = () => {
      for (const owner of owners) this.#owners.delete(owner);
      if (owners.length === 0) this.#others.delete(change);
      letGo();
    };
    const ended = commit.then(settle, (error: unknown) => {
      settle();
      throw error;
    });
    const change: Change = { networks, ended };
    for (const owner of owners) this.#owners.set(owner, change);
    if (owners.length === 0) this.#others.add(change);
    return ended;
  }
}

const nothing = () => undefined;
