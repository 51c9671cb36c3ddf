import { Mutex } from 'async-mutex';
import { decideAllocate, decideRelease } from '../pool/decide.ts';
import { PoolError } from '../pool/errors.ts';
import type { Origin, Owner, PoolEvent } from '../pool/events.ts';
import { type Allocation, allocationOf, type Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import { strategyNamed } from '../pool/strategy.ts';
import { sizeOf } from '../net/cidr.ts';
import type { Store } from '../store/store.ts';
import { InFlight } from './inflight.ts';

/** Who asks, and for what; an argument of every use case. Tenants and permitted networks will stand here too. */
export interface Scope {
  readonly actor: string;
  readonly requestId: string;
}

/** An allocation together with the network that it belongs to. */
export interface Held {
  readonly network: Network;
  readonly allocation: Allocation;
}

export interface Stats {
  readonly network: Network;
  /** Addresses that are allocated or available; the network address, broadcast, gateway and exclusions are not counted. */
  readonly total: number;
  readonly allocated: number;
  readonly available: number;
}

export interface AllocationsOptions {
  readonly pool: Pool;
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** Allocations that a list looks at between two turns of the event loop, about half a millisecond. */
const SLICE = 1000;
/** How often a change is decided anew because another node was first. Each time somebody else got on. */
const ATTEMPTS = 16;
/** What may only be said of the newest state: looked at again behind a barrier. */
const NEEDS_BARRIER = new Set(['pool_exhausted', 'allocation_not_found', 'address_mismatch']);

/** The use cases around allocations. Owns the mutex under which one decision after the other is made. */
export class Allocations {
  readonly #pool: Pool;
  readonly #store: Store;
  readonly #now: () => number;
  readonly #random: () => number;
  readonly #mutex = new Mutex();
  readonly #inFlight = new InFlight();

  constructor({ pool, store, now, random }: AllocationsOptions) {
    this.#pool = pool;
    this.#store = store;
    this.#now = now;
    this.#random = random;
  }

  /**
   * Gives an owner an address, or tells the one that it holds. The answer is durable.
   *
   * @param hostname stored; undefined keeps the one that is stored
   * @throws PoolError `pool_exhausted`, `storage_full`, `store_unavailable`, `network_not_found`
   */
  async allocate(
    scope: Scope,
    { network: id, owner, hostname }: { network: string; owner: Owner; hostname: string | undefined },
  ): Promise<Held & { created: boolean }> {
    const network = this.#pool.network(id);
    const strategy = strategyNamed(network.settings.strategy, sizeOf(network.cidr), this.#random);
    let held: Allocation | undefined;
    const [event] = await this.#change(
      network,
      () => owner,
      () => {
        held = network.byOwner(owner);
        return decideAllocate(network, owner, hostname, strategy, this.#origin(scope));
      },
    );
    // Told from the decision, not looked up again: the owner may have released it by now.
    if (event?.type === 'ip_allocated') {
      const offset = network.offsetOf(event.ip) ?? Number.NaN;
      return { network, allocation: allocationOf(event, offset, event.at), created: true };
    }
    if (!held) throw new PoolError('internal', 'An allocation ended without an address');
    const allocation = event?.type === 'ip_updated' ? allocationOf(event, held.offset, held.allocated_at) : held;
    return { network, allocation, created: false };
  }

  /**
   * Takes an owner's address back.
   *
   * @param ip release only if this is still the owner's address, so that a late retry cannot free a newer allocation
   * @throws PoolError `allocation_not_found`, `address_mismatch`, `storage_full`, `store_unavailable`
   */
  release(scope: Scope, { network: id, owner, ip }: { network: string; owner: Owner; ip?: string }): Promise<Held> {
    const network = this.#pool.network(id);
    return this.#release(
      scope,
      network,
      () => {
        const allocation = network.byOwner(owner);
        if (!allocation) throw notFound({ network: id, vm_id: owner.vm_id });
        const held = network.ipAt(allocation.offset);
        if (ip !== undefined && ip !== held) {
          throw new PoolError('address_mismatch', `Nothing was released: ${owner.vm_id} now holds ${held}, not ${ip}`, {
            vm_id: owner.vm_id,
            ip: held,
          });
        }
        return allocation;
      },
      owner,
    );
  }

  /** Takes an address back from whoever holds it. @throws PoolError `invalid_address`, and as {@link release} */
  releaseByIp(scope: Scope, { network: id, ip }: { network: string; ip: string }): Promise<Held> {
    const network = this.#pool.network(id);
    const offset = offsetIn(network, ip);
    return this.#release(scope, network, () => {
      const allocation = network.byOffset(offset);
      if (!allocation) throw notFound({ network: id, ip });
      return allocation;
    });
  }

  /** What an owner holds. @throws PoolError `allocation_not_found` */
  async get(_scope: Scope, { network: id, owner }: { network: string; owner: Owner }): Promise<Held> {
    await this.#store.barrier();
    const network = this.#pool.network(id);
    const allocation = network.byOwner(owner);
    if (!allocation) throw notFound({ network: id, vm_id: owner.vm_id });
    return { network, allocation };
  }

  /**
   * Allocations in the order of their addresses, in slices: between two of them other requests have their turn.
   *
   * @param after only those behind this address
   * @param ip    only the one of this address
   * @throws PoolError `invalid_address`
   */
  list(
    _scope: Scope,
    { network: id, after, ip, vmIdPrefix = '' }: { network: string; after?: string; ip?: string; vmIdPrefix?: string },
  ): AsyncGenerator<Held[]> {
    const network = this.#pool.network(id);
    const first = after === undefined ? 0 : offsetIn(network, after, 'cursor') + 1;
    const only = ip === undefined ? undefined : offsetIn(network, ip);
    return this.#slices(network, first, only, ({ vm_id }) => vm_id.startsWith(vmIdPrefix));
  }

  stats(_scope: Scope, id: string): Stats {
    const network = this.#pool.network(id);
    const { allocated, available } = network;
    return { network, total: allocated + available, allocated, available };
  }

  async *#slices(
    network: Network,
    first: number,
    only: number | undefined,
    matches: (allocation: Allocation) => boolean,
  ): AsyncGenerator<Held[]> {
    if (only !== undefined) {
      await this.#store.barrier();
      const allocation = only >= first ? network.byOffset(only) : undefined;
      if (allocation && matches(allocation)) yield [{ network, allocation }];
      return;
    }
    let slice: Held[] = [];
    let looked = 0;
    for (const allocation of network.allocations(first)) {
      if (matches(allocation)) slice.push({ network, allocation });
      if (++looked % SLICE !== 0) continue;
      yield slice;
      slice = [];
      await new Promise(setImmediate);
    }
    yield slice;
  }

  async #release(scope: Scope, network: Network, find: () => Allocation, owner?: Owner): Promise<Held> {
    let allocation: Allocation | undefined;
    await this.#change(
      network,
      () => owner ?? find(),
      () => {
        allocation = find();
        return decideRelease(network, allocation, this.#origin(scope));
      },
    );
    if (!allocation) throw new PoolError('internal', 'A release was committed without a decision');
    return { network, allocation };
  }

  /**
   * Decides under the mutex and waits for the disk outside of it, so that all who come meanwhile share the next sync.
   * Returns the events that are durable now; none when nothing had to change.
   */
  async #change(network: Network, ownerOf: () => Owner, decide: () => PoolEvent[]): Promise<PoolEvent[]> {
    let exact = false;
    for (let attempt = 1; ;) {
      try {
        const step = await this.#exclusively(() => this.#decide(network, ownerOf(), decide));
        if ('earlier' in step) {
          await step.earlier.catch(() => undefined); // how it ended is for its own caller
          continue;
        }
        if (step.events.length > 0 || exact) {
          await step.committed;
          return step.events;
        }
      } catch (error) {
        const code = error instanceof PoolError ? error.code : undefined;
        if (code === 'conflict' && attempt++ < ATTEMPTS) continue;
        if (exact || code === undefined || !NEEDS_BARRIER.has(code)) throw error;
      }
      await this.#store.barrier();
      exact = true;
    }
  }

  /** Decisions are synchronous: while nobody holds the mutex nobody can come in between, and the queue is not needed. */
  #exclusively<T>(work: () => T): T | Promise<T> {
    return this.#mutex.isLocked() ? this.#mutex.runExclusive(work) : work();
  }

  #decide(network: Network, owner: Owner, decide: () => PoolEvent[]) {
    const earlier = this.#inFlight.of(network, owner);
    if (earlier) return { earlier };
    const events = decide();
    const committed =
      events.length > 0 ? this.#inFlight.track(network, owner, events, this.#store.commit(events)) : undefined;
    return { events, committed };
  }

  #origin({ actor, requestId }: Scope): Origin {
    return { at: this.#now(), actor, request_id: requestId };
  }
}

function notFound(details: Record<string, string>): PoolError {
  return new PoolError('allocation_not_found', 'IP not found', details);
}

function offsetIn(network: Network, ip: string, field = 'ip'): number {
  const offset = network.offsetOf(ip);
  if (offset !== undefined) return offset;
  throw new PoolError('invalid_address', 'Invalid IP address', { field, ip: ip.slice(0, 64), network: network.id });
}
