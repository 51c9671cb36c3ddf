import { PoolError } from '../errors.ts';
import type { Origin, PoolEvent } from '../pool/events.ts';
import { contradictionOf } from '../pool/invariants.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import type { Store } from '../store/store.ts';
import type { LocatedAllocation } from './located-allocation.ts';
import type { Clock } from './clock.ts';
import { unavailable, withTimeout } from './deadline.ts';
import type { Affected, Decide, Decision } from './decision.ts';
import { Expiry } from './expiry.ts';
import { ALL, InFlight } from './inflight.ts';
import type { Scope } from './scope.ts';
import { NEEDS_BARRIER, NEEDS_ROOM } from './stale-errors.ts';
import type { Visibility } from './visibility.ts';

/** How often a transaction is decided again after a conflict. After each of them, another node has made progress. */
const ATTEMPTS = 16;

export interface TransactionsOptions {
  readonly pool: Pool;
  readonly visibility: Visibility;
  readonly store: Store;
  readonly clock: Clock;
  /** Leases that one commit ends at most. */
  readonly atOnce?: number | undefined;
  /** Time limit of a request with everything that it needs; milliseconds. Absent: the store's own limits. */
  readonly timeoutMs?: number | undefined;
}

/**
 * Decides changes one at a time and commits them. Decisions are synchronous; the commits of all requests that arrive
 * during one sync share the next one. A change never builds on another change of the same owner that is not durable yet.
 */
export class Transactions {
  readonly #pool: Pool;
  readonly #visibility: Visibility;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #inFlight: InFlight;
  readonly #expiry: Expiry;
  readonly #timeoutMs: number | undefined;
  /** Whether the last commit failed for lack of space: such a store responds at once, so that it may be tried. */
  #isFull = false;

  constructor({ pool, visibility, store, clock, atOnce, timeoutMs }: TransactionsOptions) {
    this.#visibility = visibility;
    this.#timeoutMs = timeoutMs;
    this.#pool = pool;
    this.#store = store;
    this.#clock = clock;
    this.#inFlight = new InFlight(pool);
    this.#expiry = new Expiry({
      pool,
      inFlight: this.#inFlight,
      commit: (events) => this.#commit(events),
      originOf: (scope) => this.#origin(scope),
      now: () => this.now(),
      atOnce,
    });
  }

  /** Milliseconds since 1970. Never less than the time of an event that was delivered. */
  now(): number {
    this.#clock.notBefore(this.#pool.time);
    return this.#clock.now();
  }

  /** The newest state: everything that any node had committed before this call. */
  async latest(): Promise<Pool> {
    await this.#store.barrier();
    return this.local();
  }

  /** The state as this node knows it, without asking the store: for lists, which may be stale. */
  local(): Pool {
    this.#pool.advance(this.now());
    return this.#pool;
  }

  /** As {@link Visibility.resolveNetwork}, also for a network that another node added a moment ago. @throws as that does */
  async resolveNetwork(scope: Scope, text: string, vrf?: string): Promise<Network> {
    this.local();
    const [known, another] = this.#visibility.named(scope, text, vrf);
    if (known && !another) return known;
    await this.latest();
    return this.#visibility.resolveNetwork(scope, text, vrf);
  }

  /** Changes allocations. Resolves with the result of the decision when its events are durable. @throws PoolError what `decide` throws */
  commit<T, A extends Affected>(scope: Scope, affected: () => A, decide: Decide<T, A>): Promise<T> {
    let all: A | undefined;
    const step = (): Step<T> | Promise<Step<T>> => {
      all = affected();
      const earlier = this.#inFlight.before(all.networks, all.owners);
      if (earlier) return { earlier };
      const origin = this.#origin(scope);
      const expired = this.#expiry.expiredOf(all, origin.at);
      return expired.length > 0 ? this.#releaseExpired(all, expired) : this.#decide(origin, all, decide);
    };
    return this.#run(scope, step, () => Promise.all((all?.networks ?? []).map((network) => this.settle(network))));
  }

  /**
   * Changes a network itself, or several of them, while nothing else is under way in it.
   *
   * @param id the network, or ALL
   */
  commitAlone<T>(scope: Scope, id: () => string, decide: Decide<T>): Promise<T> {
    return this.#run(scope, async (isLate): Promise<Step<T>> => {
      const network = id();
      for (const each of network === ALL ? [...this.#pool.networks] : [this.#pool.find(network)]) {
        if (each && this.#expiry.hasExpired(each)) await this.sweep(each);
      }
      const end = await this.#inFlight.alone(network);
      const holds: (() => void)[] = [];
      try {
        if (isLate() || id() !== network) return { earlier: AT_ONCE }; // the text may name another network by now
        const origin = this.#origin(scope);
        this.#pool.advance(origin.at);
        const decision = decide(origin, (some) => holds.push(this.#inFlight.hold(some)), undefined);
        if (decision.events.length > 0) await this.#commit(decision.events);
        return { decision, committed: undefined };
      } finally {
        for (const letGo of holds) letGo();
        end();
      }
    });
  }

  /** Releases everything in a network that has expired. @throws PoolError if that cannot be committed */
  sweep(network: Network): Promise<void> {
    return this.#expiry.sweep(network);
  }

  /** As {@link sweep}, but ignores failures; for requests that only read. */
  async settle(network: Network): Promise<void> {
    if (this.#expiry.hasExpired(network) && !this.#isAway) await this.sweep(network).catch(nothing);
  }

  /** Whether a shared store is known to be out of reach: waiting for it again would only repeat the error. */
  get #isAway(): boolean {
    return this.#timeoutMs !== undefined && !this.#store.health().writable;
  }

  /** An expired allocation is released durably before its owner gets a response. @throws PoolError if it cannot be */
  async #releaseExpired(all: Affected, expired: readonly LocatedAllocation[]): Promise<Waiting> {
    if (this.#isAway && !this.#isFull) throw unavailable(this.#store.health().reason);
    await this.#expiry.release(expired, all);
    return { earlier: AT_ONCE };
  }

  /** @param makeRoom called before the decision is repeated, if it failed for lack of free addresses */
  #run<T>(scope: Scope, step: Attempt<T>, makeRoom?: () => Promise<unknown>): Promise<T> {
    return withTimeout(this.#timeoutMs, (isLate) => this.#retry(scope, step, isLate, makeRoom));
  }

  async #retry<T>(scope: Scope, step: Attempt<T>, isLate: IsLate, makeRoom?: () => Promise<unknown>): Promise<T> {
    let isExact = false;
    for (let attempt = 1; !isLate();) {
      try {
        const made = step(isLate);
        const result = made instanceof Promise ? await made : made; // most are made at once
        if ('earlier' in result) {
          await result.earlier.catch(nothing); // its own caller handles the outcome
          if (result.conflict && attempt++ >= ATTEMPTS) throw result.conflict;
          continue;
        }
        if (result.decision.events.length > 0 || isExact) {
          await result.committed;
          return result.decision.result;
        }
      } catch (error) {
        const code = codeOf(error);
        if (code === 'conflict' && attempt++ < ATTEMPTS) continue;
        if (isExact || code === undefined || !NEEDS_BARRIER.has(code)) throw this.#visibility.conceal(scope, error);
        if (NEEDS_ROOM.has(code)) await makeRoom?.();
      }
      await this.#store.barrier();
      isExact = true;
    }
    throw unavailable('the request has timed out'); // nobody receives this: its caller has the timeout error
  }

  #decide<T, A extends Affected>(origin: Origin, affected: A, decide: Decide<T, A>): Step<T> {
    const { networks, owners } = affected;
    for (const network of networks) network.advance(origin.at);
    const holds: (() => void)[] = [];
    const letGo = () => {
      for (const release of holds) release();
    };
    try {
      const decision = decide(origin, (some) => holds.push(this.#inFlight.hold(some)), affected);
      const { events } = decision;
      if (events.length === 0) {
        letGo();
        return { decision, committed: undefined };
      }
      if (holds.length === 0) holds.push(this.#inFlight.hold(events));
      return { decision, committed: this.#inFlight.track(networks, owners, this.#commit(events), letGo) };
    } catch (error) {
      letGo();
      if (!(error instanceof PoolError) || error.code !== 'conflict') throw error;
      // The address may be free once the other request has ended.
      const other = networks.map(({ id }) => this.#inFlight.anyIn(id)).find((change) => change !== undefined);
      if (other) return { earlier: other, conflict: error };
      throw error;
    }
  }

  /** Checks the events against the state once more, because a journal that contradicts itself is refused at the next start. */
  #commit(events: readonly PoolEvent[]): Promise<void> {
    const contradiction = contradictionOf(this.#pool, events);
    if (contradiction !== undefined)
      throw new PoolError('internal', `A decision contradicts the state: ${contradiction}`);
    const committed = this.#store.commit(events);
    committed.catch((error: unknown) => (this.#isFull = codeOf(error) === 'storage_full'));
    return committed;
  }

  #origin({ actor, requestId }: Scope): Origin {
    return { at: this.now(), actor, request_id: requestId };
  }
}

type IsLate = () => boolean;
type Attempt<T> = (isLate: IsLate) => Promise<Step<T>> | Step<T>;
type Waiting = { readonly earlier: Promise<void>; readonly conflict?: PoolError };
type Step<T> = Waiting | { readonly decision: Decision<T>; readonly committed: Promise<void> | undefined };

const nothing = () => undefined;
const AT_ONCE = Promise.resolve();
const codeOf = (error: unknown) => (error instanceof PoolError ? error.code : undefined);
