import { Mutex } from 'async-mutex';
import { type Allocation, ownerKey } from '../pool/allocation.ts';
import type { Owner, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';

/** Every network. */
export const ALL = '*';

/** The key of an owner in a network, or of an address without an owner. */
export type Subject = string;

export function ownerSubject(network: Network, owner: Owner, offset?: bigint): Subject | undefined {
  const key = ownerKey(owner) ?? (offset === undefined ? undefined : `\0\0${offset}`);
  return key === undefined ? undefined : `${network.id}\0${key}`;
}

/** The allocation of a subject; undefined when it has none, or belongs to another network. */
export function allocationOfOwner(network: Network, subject: Subject): Allocation | undefined {
  const [id, vm_id = '', second = '', third] = subject.split('\0');
  if (id !== network.id) return undefined;
  if (vm_id !== '') return network.byOwner({ vm_id, nic: second });
  return third === undefined ? network.byOwner({ vm_id: '', nic: '', key: second }) : network.byOffset(BigInt(third));
}

interface Change {
  readonly networks: readonly Network[];
  /** Settles with the outcome of the commit. */
  readonly ended: Promise<void>;
}

/**
 * The changes that are decided and not yet durable. The next decision skips their addresses, reads do not show them, and a
 * second request of the same owner waits for the first. A change of a network waits for all other changes in it, and they
 * wait for it.
 */
export class InFlight {
  readonly #pool: Pool;
  readonly #owners = new Map<Subject, Change>();
  /** Changes without an owner. */
  readonly #others = new Set<Change>();
  /** Decisions are synchronous and need no mutex; changes of networks wait, and run one at a time. */
  readonly #mutex = new Mutex();
  /** The change of a network that is under way, or waits for earlier changes in it. */
  #alone: { readonly network: string; readonly ended: Promise<void> } | undefined;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** The outcome of a change that these have to wait for; undefined when there is none. */
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
   * Waits until no change is under way in a network, or in any ({@link ALL}), and makes later changes wait.
   *
   * @returns ends the exclusive access
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

  /** Excludes the addresses that events allocate from the next decisions. Returns a function that ends this. */
  hold(events: readonly PoolEvent[]): () => void {
    const spans: [Network, bigint][] = [];
    for (const event of events) {
      if (event.type !== 'ip_allocated') continue;
      const network = this.#pool.find(event.network);
      const offset = network?.offsetOf(event.ip);
      if (!network || offset === undefined) continue;
      network.hold(offset, event.end_ip === undefined ? offset : (network.offsetOf(event.end_ip) ?? offset));
      spans.push([network, offset]);
    }
    return () => {
      for (const [network, offset] of spans) network.unhold(offset);
    };
  }

  /**
   * Records a change as under way until `commit` settles.
   *
   *
   * @param letGo called then: see {@link hold}
   * @returns a promise that settles as `commit` does
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
