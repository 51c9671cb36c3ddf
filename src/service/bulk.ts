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

/** Attempts to find a moment when no change of an owner of the slice is under way. */
const ATTEMPTS = 8;
/** Requests that are decided between two turns of the event loop: a few milliseconds of work. */
const SLICE = 500;

export interface BulkOptions extends AllocationsOptions {
  readonly allocations: Allocations;
  /** The most allocations that one commit may change; undefined: those of a slice. */
  readonly atOnce: number | undefined;
}

/** The use case of many allocations in one request, each with its own outcome. */
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
   * Allocates for many requests independently: one may fail while others succeed. The requests of a slice that need a
   * change share a commit; all others are handled like single requests. Yields the outcomes of a slice in the order of its
   * requests; the next slice is decided when the consumer reads on.
   */
  async *allocate(scope: Scope, requests: Iterable<AllocationRequest | PoolError>): AsyncGenerator<Outcome[]> {
    let outage: PoolError | undefined;
    for (const slice of slicesOf(requests)) {
      if (outage) {
        const error = outage;
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
      outage = outageOf(outcomes);
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
      // With many owners, some change may always be under way; then each request waits on its own.
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
      if (error instanceof PoolError) return []; // nothing was committed: each request is decided on its own
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

/** The error of a slice of which nothing could be written: the next slices would fail in the same way. */
function outageOf(outcomes: readonly Outcome[]): PoolError | undefined {
  let outage: PoolError | undefined;
  for (const outcome of outcomes) {
    if (!('error' in outcome)) return undefined;
    if (outcome.error.code === 'store_unavailable') outage ??= outcome.error;
  }
  return outage;
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
