import { PoolError } from '../errors.ts';
import type { PoolEvent } from '../pool/events.ts';
import type { Pool } from '../pool/pool.ts';
import type { Allocations, AllocationsOptions } from './allocations.ts';
import type { Transactions, Affected, Decide, Scope } from './transactions.ts';
import type { Subject } from './inflight.ts';
import {
  type AllocationRequest,
  decidePart,
  type AllocationResult,
  resultOf,
  type Outcome,
  type RequestPart,
  partOf,
} from './allocation-request.ts';

/** How often a slice waits for a moment when nobody else is busy with any of its owners. */
const LOOKS = 8;
/** Requests that are decided between two turns of the event loop, a few milliseconds. */
const SLICE = 500;

export interface BulkOptions extends AllocationsOptions {
  readonly allocations: Allocations;
  /** Allocations that one commit changes at most; undefined: a slice of them. */
  readonly atOnce: number | undefined;
}

/** Many requests at once, an outcome for each. */
export class Bulk {
  readonly #pool: Pool;
  readonly #changes: Transactions;
  readonly #random: () => number;
  readonly #allocations: Allocations;

  readonly #isTogether: boolean;

  constructor({ pool, changes, random, allocations, atOnce = SLICE }: BulkOptions) {
    this.#pool = pool;
    this.#changes = changes;
    this.#random = random;
    this.#allocations = allocations;
    this.#isTogether = atOnce >= SLICE;
  }

  /**
   * Gives addresses for many requests, each on its own: an outcome for each, also for those that mean nothing. What is new
   * or changes in a slice shares a commit; what cannot be had so simply goes the way of a single request. Yields the
   * outcomes of a slice, in their order; the next is decided when it is asked for.
   */
  async *allocate(scope: Scope, requests: Iterable<AllocationRequest | PoolError>): AsyncGenerator<Outcome[]> {
    let lost: PoolError | undefined;
    for (const slice of slicesOf(requests)) {
      if (lost) {
        const error = lost;
        yield slice.map((request) => ({ error: request instanceof PoolError ? request : error }));
        continue;
      }
      const outcomes: Outcome[] = this.#isTogether ? await this.#allocateTogether(scope, slice) : [];
      // Side by side, so that they share a commit too; those of one owner wait for each other in their order.
      const rest: Promise<Outcome>[] = [];
      for (const [index, request] of slice.entries()) {
        if (outcomes[index]) continue;
        rest.push(this.#allocateAlone(scope, request).then((outcome) => (outcomes[index] = outcome)));
      }
      await Promise.all(rest);
      lost = lossOf(outcomes);
      yield outcomes;
      await new Promise(setImmediate);
    }
  }

  async #allocateAlone(scope: Scope, request: AllocationRequest | PoolError): Promise<Outcome> {
    if (request instanceof PoolError) return { error: request };
    return this.#allocations.allocate(scope, request).catch(asOutcome);
  }

  /** Gives addresses in one commit to those of the requests that can have one. Returns what they got, by their index. */
  async #allocateTogether(
    scope: Scope,
    requests: readonly (AllocationRequest | PoolError)[],
  ): Promise<AllocationResult[]> {
    let parts: RequestPart[] = [];
    let looks = 0;
    const concerned = (): Affected => {
      const subjects = new Set<Subject>();
      parts = [];
      // Somebody is always busy with one of so many: then each waits for its own alone.
      if (++looks > LOOKS) return { networks: [], owners: [] };
      for (const [index, request] of requests.entries()) {
        if (request instanceof PoolError) continue;
        const part = attempt(() => partOf(this.#pool, request, index));
        if (!part) continue;
        if (part.subject !== undefined && subjects.has(part.subject)) continue;
        if (part.subject !== undefined) subjects.add(part.subject);
        parts.push(part);
      }
      return { networks: [...new Set(parts.map(({ network }) => network))], owners: [...subjects] };
    };
    const decide: Decide = (origin, hold) => {
      const all: PoolEvent[] = [];
      parts = parts.filter((part) => {
        const events = attempt(() => decidePart(this.#pool, part, undefined, this.#random, origin)) ?? [];
        if (events.length > 0) hold(events);
        all.push(...events);
        return events.length > 0;
      });
      return all;
    };
    try {
      await this.#changes.commit(scope, concerned, decide);
    } catch (error) {
      if (error instanceof PoolError) return []; // nothing of it was given: each finds out for itself
      throw error;
    }
    const given: AllocationResult[] = [];
    for (const part of parts) given[part.index] = resultOf(part);
    return given;
  }
}

function* slicesOf<T>(values: Iterable<T>): Generator<T[]> {
  let slice: T[] = [];
  for (const value of values) {
    if (slice.push(value) < SLICE) continue;
    yield slice;
    slice = [];
  }
  if (slice.length > 0) yield slice;
}

/** Why nothing of a slice could be written: nobody waits for the next to find out the same. */
function lossOf(outcomes: readonly Outcome[]): PoolError | undefined {
  let lost: PoolError | undefined;
  for (const outcome of outcomes) {
    if (!('error' in outcome)) return undefined;
    if (outcome.error.code === 'store_unavailable') lost ??= outcome.error;
  }
  return lost;
}

function asOutcome(error: unknown): Outcome {
  if (error instanceof PoolError) return { error };
  throw error;
}

/** What cannot be decided so is decided again, on its own. */
function attempt<T>(decide: () => T): T | undefined {
  try {
    return decide();
  } catch (error) {
    if (error instanceof PoolError) return undefined;
    throw error;
  }
}
