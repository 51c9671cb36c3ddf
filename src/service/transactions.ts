import { decideRelease } from '../pool/decide/release.ts';
import { type ErrorCode, PoolError } from '../errors.ts';
import type { Origin, PoolEvent } from '../pool/events.ts';
import { violation } from '../pool/invariants.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import type { Store } from '../store/store.ts';
import type { Clock } from './clock.ts';
import { withTimeout, unavailable } from './deadline.ts';
import { ALL, allocationOfOwner, InFlight, ownerSubject, type Subject } from './inflight.ts';
import type { LocatedAllocation } from './allocation-request.ts';

/** Who asks, and for what; an argument of every use case. Tenants and permitted networks will stand here too. */
export interface Scope {
  readonly actor: string;
  readonly requestId: string;
}

/** How often a change is decided anew because another node was first. Each time somebody else got on. */
const ATTEMPTS = 16;
/** Leases that are ended in one commit, where the store sets no limit. */
const SWEEP = 1000;
const SWEEPER: Scope = { actor: 'ippool', requestId: 'expiry' };

/** Whom a change concerns: told anew before each decision, because it may depend on the state. */
export interface Affected {
  readonly networks: readonly Network[];
  readonly owners: readonly Subject[];
}

/** Makes a decision; what it has decided so far is held by calling `hold`, so that its next part sees it. */
export type Decide = (origin: Origin, hold: (events: readonly PoolEvent[]) => void) => PoolEvent[];

export interface TransactionsOptions {
  readonly pool: Pool;
  readonly store: Store;
  readonly clock: Clock;
  /** Leases that are ended in one commit, at most. */
  readonly atOnce?: number | undefined;
  /** For how long a request waits, all that it needs taken together; milliseconds. Absent: as long as the store does. */
  readonly timeoutMs?: number | undefined;
}

/**
 * How every change is made: decided in one go, one after the other; made durable afterwards, so that all who
 * come meanwhile share the next sync; never on top of another change of the same owner that is not durable yet.
 */
export class Transactions {
  readonly #pool: Pool;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #inFlight: InFlight;
  readonly #sweeps = new Map<Network, Promise<void>>();
  readonly #atOnce: number;
  readonly #timeoutMs: number | undefined;
  /** Whether it was for want of room that the store could not write: then it answers at once, and is asked. */
  #isFull = false;

  constructor({ pool, store, clock, atOnce = SWEEP, timeoutMs: timeoutMs }: TransactionsOptions) {
    this.#atOnce = atOnce;
    this.#timeoutMs = timeoutMs;
    this.#pool = pool;
    this.#store = store;
    this.#clock = clock;
    this.#inFlight = new InFlight(pool);
  }

  /** Milliseconds since 1970. */
  now(): number {
    this.#clock.notBefore(this.#pool.time);
    return this.#clock.now();
  }

  /** The networks with what has passed by now taken in; see {@link Pool.advance}. */
  async latest(): Promise<Pool> {
    await this.#store.barrier();
    this.#pool.advance(this.now());
    return this.#pool;
  }

  /** The same as this node knows them, which asks nobody: for lists, which are old when they arrive anyway. */
  local(): Pool {
    this.#pool.advance(this.now());
    return this.#pool;
  }

  /** As {@link Pool.resolveNetwork}; another node may have added the network just now. @throws as that does */
  async resolveNetwork(text: string, vrf?: string): Promise<Network> {
    return this.local().findNetwork(text, vrf) ?? (await this.latest()).resolveNetwork(text, vrf);
  }

  /** Changes allocations. Returns the events that are durable now; none when nothing had to change. */
  commit(scope: Scope, concerned: () => Affected, decide: Decide): Promise<PoolEvent[]> {
    let all: Affected | undefined;
    const step = () => {
      all = concerned();
      const earlier = this.#inFlight.before(all.networks, all.owners);
      if (earlier) return { earlier };
      const origin = this.#origin(scope);
      const own = this.#expiredOf(all, origin.at);
      return own.length > 0 ? this.#releaseExpired(all, own) : this.#decide(origin, all, decide);
    };
    return this.#decided(step, () => Promise.all((all?.networks ?? []).map((network) => this.settle(network))));
  }

  /**
   * Changes a network itself, or several of them: alone, when nothing is under way in it.
   *
   * @param id the network, or ALL
   */
  commitAlone(scope: Scope, id: () => string, decide: Decide): Promise<PoolEvent[]> {
    return this.#decided(async (isLate) => {
      const network = id();
      for (const each of network === ALL ? [...this.#pool.networks] : [this.#pool.find(network)]) {
        if (each && this.#hasExpired(each)) await this.sweep(each);
      }
      const end = await this.#inFlight.alone(network);
      const holds: (() => void)[] = [];
      try {
        if (isLate() || id() !== network) return { earlier: AT_ONCE }; // a name or CIDR may mean another network by now
        const origin = this.#origin(scope);
        this.#pool.advance(origin.at);
        const events = decide(origin, (some) => holds.push(this.#inFlight.hold(some)));
        if (events.length > 0) await this.#commit(events);
        return { events, committed: undefined };
      } finally {
        for (const letGo of holds) letGo();
        end();
      }
    });
  }

  /** Releases what has ended by itself until now; one sweep serves all who ask meanwhile. @throws PoolError when it cannot be written down */
  sweep(network: Network): Promise<void> {
    const running = this.#sweeps.get(network) ?? this.#sweep(network).finally(() => this.#sweeps.delete(network));
    this.#sweeps.set(network, running);
    return running;
  }

  async #sweep(network: Network): Promise<void> {
    const until = this.now(); // what ends later is for the next sweep: this one has an end
    for (let attempt = 1; ;) {
      if (this.#pool.find(network.id) !== network) return;
      const due = network.leases.due(until, this.#atOnce).flatMap((allocation) => {
        const subject = ownerSubject(network, allocation, allocation.offset);
        return subject === undefined ? [] : [{ network, allocation, subject }];
      });
      if (due.length === 0) return;
      const subjects = due.map(({ subject }) => subject);
      const earlier = this.#inFlight.before([network], subjects);
      if (earlier) {
        await earlier.catch(nothing);
        continue;
      }
      try {
        await this.#expire(due, { networks: [network], owners: subjects });
        attempt = 1;
      } catch (error) {
        // Another node has ended one of them: the rest are still due.
        if (codeOf(error) !== 'conflict' || attempt++ >= ATTEMPTS) throw error;
      }
    }
  }

  /** Releases what has ended, as far as that can be written down: for those who only look. */
  async settle(network: Network): Promise<void> {
    if (this.#hasExpired(network) && !this.#isAway) await this.sweep(network).catch(nothing);
  }

  /** Whether a store that others share is known to be out of reach: nobody waits to hear so again. */
  get #isAway(): boolean {
    return this.#timeoutMs !== undefined && !this.#store.health().writable;
  }

  #hasExpired({ leases }: Network, now = this.now()): boolean {
    return (leases.next ?? Number.POSITIVE_INFINITY) <= now;
  }

  /** What these owners hold still, and should not: as many as one commit takes. */
  #expiredOf({ networks, owners }: Affected, now: number): LocatedAllocation[] {
    const own: LocatedAllocation[] = [];
    for (const network of networks.filter((each) => this.#hasExpired(each, now))) {
      for (const owner of owners) {
        const allocation = allocationOfOwner(network, owner);
        const end = allocation?.attributes.expires_at;
        if (allocation && end !== undefined && end <= now) own.push({ network, allocation });
      }
    }
    return own.slice(0, this.#atOnce);
  }

  /** Nobody is told of what has ended, nor given it again, before that is written down. @throws PoolError why it cannot be */
  async #releaseExpired(all: Affected, own: readonly LocatedAllocation[]): Promise<Step> {
    if (this.#isAway && !this.#isFull) throw unavailable(this.#store.health().reason);
    await this.#expire(own, all);
    return { earlier: AT_ONCE };
  }

  #expire(ended: readonly LocatedAllocation[], { networks, owners }: Affected): Promise<void> {
    const origin = this.#origin(SWEEPER);
    const events = ended.flatMap(({ network, allocation }) => decideRelease(network, allocation, 'expired', origin));
    return this.#inFlight.track(networks, owners, this.#commit(events), nothing);
  }

  /** @param release makes room for whoever would be told that there is none */
  #decided(step: Attempt, release?: () => Promise<unknown>): Promise<PoolEvent[]> {
    return withTimeout(this.#timeoutMs, (isLate) => this.#attempted(step, isLate, release));
  }

  async #attempted(step: Attempt, isLate: IsLate, release?: () => Promise<unknown>): Promise<PoolEvent[]> {
    let exact = false;
    for (let attempt = 1; !isLate();) {
      try {
        const made = step(isLate);
        const result = made instanceof Promise ? await made : made; // most are made at once
        if ('earlier' in result) {
          await result.earlier.catch(nothing); // how it ended is for its own caller
          if (result.conflict && attempt++ >= ATTEMPTS) throw result.conflict;
          continue;
        }
        if (result.events.length > 0 || exact) {
          await result.committed;
          return result.events;
        }
      } catch (error) {
        const code = codeOf(error);
        if (code === 'conflict' && attempt++ < ATTEMPTS) continue;
        if (exact || code === undefined || !NEEDS_BARRIER.has(code)) throw error;
        if (WANTS_ROOM.has(code)) await release?.();
      }
      await this.#store.barrier();
      exact = true;
    }
    return []; // for nobody: the answer has been given
  }

  #decide(origin: Origin, { networks, owners }: Affected, decide: Decide): Step {
    for (const network of networks) network.advance(origin.at);
    const holds: (() => void)[] = [];
    const letGo = () => {
      for (const release of holds) release();
    };
    try {
      const events = decide(origin, (some) => holds.push(this.#inFlight.hold(some)));
      if (events.length === 0) {
        letGo();
        return { events, committed: undefined };
      }
      if (holds.length === 0) holds.push(this.#inFlight.hold(events));
      return { events, committed: this.#inFlight.track(networks, owners, this.#commit(events), letGo) };
    } catch (error) {
      letGo();
      if (!(error instanceof PoolError) || error.code !== 'conflict') throw error;
      // What somebody else may get meanwhile is worth to wait for.
      const other = networks.map(({ id }) => this.#inFlight.anyIn(id)).find((change) => change !== undefined);
      if (other) return { earlier: other, conflict: error };
      throw error;
    }
  }

  /** The last look before a decision becomes history: a journal that contradicts itself would be refused at the next start. */
  #commit(events: readonly PoolEvent[]): Promise<void> {
    for (const event of events) {
      if (event.type === 'network_removed' && events.length > 1) continue; // what stands before it makes it right
      const contradiction = SEPARATE.has(event.type) ? violation(this.#pool, event) : undefined;
      if (contradiction !== undefined)
        throw new PoolError('internal', `A decision contradicts the state: ${contradiction}`);
    }
    const committed = this.#store.commit(events);
    committed.catch((error: unknown) => (this.#isFull = codeOf(error) === 'storage_full'));
    return committed;
  }

  #origin({ actor, requestId }: Scope): Origin {
    return { at: this.now(), actor, request_id: requestId };
  }
}

type IsLate = () => boolean;
type Attempt = (isLate: IsLate) => Promise<Step> | Step;
type Step =
  | { readonly earlier: Promise<void>; readonly conflict?: PoolError }
  | { readonly events: PoolEvent[]; readonly committed: Promise<void> | undefined };

const nothing = () => undefined;
const AT_ONCE = Promise.resolve();
const codeOf = (error: unknown) => (error instanceof PoolError ? error.code : undefined);

/** What leases that have ended may be the reason for. */
const WANTS_ROOM: ReadonlySet<ErrorCode> = new Set(['pool_exhausted', 'address_taken']);
/** Events that do not depend on others of the same commit. */
const SEPARATE: ReadonlySet<PoolEvent['type']> = new Set([
  'ip_updated',
  'ip_released',
  'network_updated',
  'network_removed',
  'reservation_added',
  'reservation_removed',
]);

/** What may only be said of the newest state: looked at again behind a barrier. */
const NEEDS_BARRIER: ReadonlySet<ErrorCode> = new Set([
  'pool_exhausted',
  'allocation_not_found',
  'network_not_found',
  'reservation_not_found',
  'address_mismatch',
  'address_taken',
  'address_reserved',
  'invalid_address',
  'network_in_use',
  'ambiguous_vrf',
  'network_overlap',
  'network_exists',
  'network_draining',
  'reservation_overlap',
]);
