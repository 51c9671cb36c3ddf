import { PoolError } from '../errors.ts';
import type { PoolEvent } from '../pool/events.ts';
import type { Pool } from '../pool/pool.ts';
import type { Allocations, AllocationsOptions } from './allocations.ts';
import type { Scope } from './scope.ts';
import type { Transactions } from './transactions.ts';
import type { Visibility } from './visibility.ts';
import type { Decide } from './decision.ts';
import type { Subject } from './inflight.ts';
import {
  type AllocationRequest,
  decidePart,
  type AllocationResult,
  type Outcome,
  type RequestPart,
  partOf,
} from './allocation-request.ts';

/** How often a slice waits for a moment when no change of any of its owners is under way. */
const ATTEMPTS = 8;
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
  readonly #transactions: Transactions;
  readonly #visibility: Visibility;
  readonly #random: () => number;
  readonly #allocations: Allocations;

  readonly #isTogether: boolean;

  constructor({ pool, transactions, visibility, random, allocations, atOnce = SLICE }: BulkOptions) {
    this.#pool = pool;
    this.#visibility = visibility;
    this.#transactions = transactions;
    this.#random = random;
    this.#allocations = allocations;
    this.#isTogether = atOnce >= SLICE;
  }

  /**
   * Allocates for many requests, each on its own: an outcome for each, also for those that are errors. The requests of a
   * slice that need a change share a commit; all others are handled like single requests. Yields the outcomes of a slice
   * in their order; the next slice is decided when the consumer asks for it.
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
      // Concurrently, so that they share a commit too; those of one owner wait for each other in their order.
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

  /** Allocates in one commit for those requests for which this is possible. Returns the results at their index. */
  async #allocateTogether(
    scope: Scope,
    requests: readonly (AllocationRequest | PoolError)[],
  ): Promise<AllocationResult[]> {
    let attempts = 0;
    const affected = () => {
      const subjects = new Set<Subject>();
      const parts: RequestPart[] = [];
      // With so many owners, there may always be one with a change under way: then each request waits on its own.
      const isBusy = ++attempts > ATTEMPTS;
      for (const [index, request] of isBusy ? [] : requests.entries()) {
        if (request instanceof PoolError) continue;
        const part = attempt(() => partOf(this.#visibility, scope, request, index));
        if (!part) continue;
        if (part.subject !== undefined && subjects.has(part.subject)) continue;
        if (part.subject !== undefined) subjects.add(part.subject);
        parts.push(part);
      }
      return { networks: [...new Set(parts.map(({ network }) => network))], owners: [...subjects], parts };
    };
    const decide: Decide<AllocationResult[], ReturnType<typeof affected>> = (origin, hold, { parts }) => {
      const events: PoolEvent[] = [];
      const result: AllocationResult[] = [];
      for (const part of parts) {
        const decision = attempt(() => decidePart(this.#pool, part, undefined, this.#random, origin));
        if (!decision || decision.events.length === 0) continue;
        hold(decision.events);
        events.push(...decision.events);
        result[part.index] = decision.result;
      }
      return { events, result };
    };
    try {
      return await this.#transactions.commit(scope, affected, decide);
    } catch (error) {
      if (error instanceof PoolError) return []; // nothing of it was committed: each request finds out on its own
      throw error;
    }
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

/** Why nothing of a slice could be written: the next slices would only find out the same. */
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

/** Undefined if the decision fails: the request is then decided on its own. */
function attempt<T>(decide: () => T): T | undefined {
  try {
    return decide();
  } catch (error) {
    if (error instanceof PoolError) return undefined;
    throw error;
  }
}
