import { decideRelease } from '../pool/decide/release.ts';
import { PoolError } from '../errors.ts';
import type { Origin, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import type { LocatedAllocation } from './located-allocation.ts';
import type { Affected } from './decision.ts';
import { allocationOfOwner, type InFlight, ownerSubject } from './inflight.ts';
import type { Scope } from './scope.ts';

/** How often a sweep continues after a conflict. After each of them, another node has made progress. */
const ATTEMPTS = 16;
/** Leases that one commit ends, unless the store sets a lower limit. */
const SWEEP = 1000;
const SWEEPER: Scope = { actor: 'ippool', requestId: 'expiry' };

export interface ExpiryOptions {
  readonly pool: Pool;
  readonly inFlight: InFlight;
  readonly commit: (events: readonly PoolEvent[]) => Promise<void>;
  readonly originOf: (scope: Scope) => Origin;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Leases that one commit ends at most. */
  readonly atOnce: number | undefined;
}

/** Releases allocations whose lease has ended. */
export class Expiry {
  readonly #options: ExpiryOptions;
  readonly #atOnce: number;
  readonly #sweeps = new Map<Network, Promise<void>>();

  constructor(options: ExpiryOptions) {
    this.#options = options;
    this.#atOnce = options.atOnce ?? SWEEP;
  }

  /** Whether a lease of a network has ended and is not released yet. */
  hasExpired({ leases }: Network, now = this.#options.now()): boolean {
    return (leases.next ?? Number.POSITIVE_INFINITY) <= now;
  }

  /** Expired allocations of these owners: as many as one commit takes. @param now milliseconds since 1970 */
  expiredOf({ networks, owners }: Affected, now: number): LocatedAllocation[] {
    const expired: LocatedAllocation[] = [];
    for (const network of networks) {
      if (!this.hasExpired(network, now)) continue;
      for (const owner of owners) {
        const allocation = allocationOfOwner(network, owner);
        const expiry = allocation?.attributes.expires_at;
        if (allocation && expiry !== undefined && expiry <= now) expired.push({ network, allocation });
      }
    }
    return expired.slice(0, this.#atOnce);
  }

  /** Releases expired allocations in one commit. @throws PoolError `storage_full`, `store_unavailable`, `conflict` */
  release(expired: readonly LocatedAllocation[], { networks, owners }: Affected): Promise<void> {
    const { inFlight, commit, originOf } = this.#options;
    const origin = originOf(SWEEPER);
    const events = expired.flatMap(({ network, allocation }) => decideRelease(network, allocation, 'expired', origin));
    return inFlight.track(networks, owners, commit(events), nothing);
  }

  /** Releases everything in a network that has expired by now. Concurrent calls share one sweep. @throws PoolError as {@link release} */
  sweep(network: Network): Promise<void> {
    const running = this.#sweeps.get(network) ?? this.#sweep(network).finally(() => this.#sweeps.delete(network));
    this.#sweeps.set(network, running);
    return running;
  }

  async #sweep(network: Network): Promise<void> {
    const { pool, inFlight, now } = this.#options;
    const until = now(); // later expiries are for the next sweep, so that this one ends
    for (let attempt = 1; ;) {
      if (pool.find(network.id) !== network) return;
      const due = network.leases.due(until, this.#atOnce).flatMap((allocation) => {
        const subject = ownerSubject(network, allocation, allocation.offset);
        return subject === undefined ? [] : [{ network, allocation, subject }];
      });
      if (due.length === 0) return;
      const owners = due.map(({ subject }) => subject);
      const earlier = inFlight.before([network], owners);
      if (earlier) {
        await earlier.catch(nothing);
        continue;
      }
      try {
        await this.release(due, { networks: [network], owners });
        attempt = 1;
      } catch (error) {
        // Another node has released one of them; the others are still due.
        if (!(error instanceof PoolError) || error.code !== 'conflict' || attempt++ >= ATTEMPTS) throw error;
      }
    }
  }
}

const nothing = () => undefined;
