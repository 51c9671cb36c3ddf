import { PoolError } from '../../errors.ts';
import type { PoolEvent } from '../../pool/events.ts';
import { PATIENCE_MS } from './barrier.ts';
import { takeBatch, txnOf } from './batch.ts';
import type { EtcdClient } from './client.ts';
import type { Commit } from './commit.ts';
import { EtcdError } from './failure.ts';
import { unavailable } from '../unavailable.ts';
import { type Fence, FenceLost } from './fence.ts';
import { Generations } from './generations.ts';
import type { TxnResponse } from './messages.ts';

export interface WriterOptions {
  readonly client: EtcdClient;
  readonly fence: Fence;
  /** Key that every transaction puts, and what to tell with it. */
  readonly head: { readonly key: string; readonly value: () => string };
  /** Waits until a revision, and everything before it, has been delivered. */
  readonly hear: (revision: number) => Promise<void>;
  /** Waits until the newest that is written has been delivered. */
  readonly catchUp: () => Promise<void>;
  /** Milliseconds, of a clock that never goes back. */
  readonly clock: () => number;
  /** Told what another node was before with. */
  readonly overtaken: (events: readonly PoolEvent[]) => void;
  /** Told when nothing may be written any more. */
  readonly fatal: (error: PoolError) => void;
  readonly log: (level: 'info' | 'warn', facts: object, message: string) => void;
}

const AGAIN_MS = 200;
const LOOK_MS = 250;

/**
 * Writes commits, those that came meanwhile together: one transaction is under way at a time, in which each counts or not
 * by itself.
 *
 * A commit counts when its record is delivered, and at no other sign. Nothing is ever sent again: when nobody knows how a
 * transaction ended the fence is raised, behind which it cannot count any more, and then what has not been delivered is
 * decided anew.
 */
export class Writer {
  readonly #options: WriterOptions;
  readonly #generations = new Generations();
  #queue: Commit[] = [];
  /** All that are not settled, by record. */
  readonly #open = new Map<string, Commit>();
  #running: Promise<void> | undefined;
  #look: NodeJS.Timeout | undefined;
  #trouble: string | undefined;
  #isClosed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  /** Why nothing can be written now; undefined: it can. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  add(commit: Commit): void {
    this.#queue.push(commit);
    this.#open.set(commit.record, commit);
    this.#look ??= setInterval(() => this.#expire(), LOOK_MS);
    // At the end of this turn of the event loop, so that all requests that it brought share a transaction.
    if (this.#queue.length === 1) setImmediate(() => this.#run());
  }

  /** The commit of ours that a record is of; from now on it is settled. */
  take(record: string): Commit | undefined {
    const commit = this.#open.get(record);
    this.#open.delete(record);
    return commit;
  }

  /**
   * Finds out, from time to time, whether this process may still write, and whether it can again: who sees a node that is
   * not ready may keep every change from it.
   */
  async probe(): Promise<void> {
    try {
      await this.#options.fence.check();
    } catch (error) {
      if (error instanceof FenceLost && !this.#isClosed) this.#die(error);
      return;
    }
    if (this.#trouble !== undefined && this.#queue.length === 0) this.#run();
  }

  /** Resolves when everything that was added is settled. */
  async close(): Promise<void> {
    if (this.#queue.length > 0) this.#run();
    await Promise.allSettled([...this.#open.values()].map(({ settled }) => settled));
    this.#isClosed = true;
    clearInterval(this.#look);
    this.#look = undefined;
  }

  #run(): void {
    if (this.#isClosed) return;
    this.#running ??= this.#drain().finally(() => {
      this.#running = undefined;
      if (this.#queue.length > 0 && !this.#isClosed) this.#run();
    });
  }

  async #drain(): Promise<void> {
    do {
      const { batch, rest } = takeBatch(this.#queue.filter(({ isSettled }) => !isSettled));
      this.#queue = rest;
      if (batch.length > 0 || this.#trouble !== undefined) await this.#send(batch);
    } while (this.#queue.length > 0 && !this.#isClosed);
  }

  async #send(batch: readonly Commit[]): Promise<void> {
    const { client, fence, head } = this.#options;
    let response: TxnResponse;
    try {
      const told = { key: head.key, value: head.value() };
      response = await client.txn(txnOf(batch, this.#generations, fence, told));
    } catch (error) {
      await this.#failed(batch, error);
      return;
    }
    this.#recovered();
    if (response.succeeded) this.#answered(batch, response);
    else this.#die(fence.lost());
  }

  #answered(batch: readonly Commit[], { header, responses }: TxnResponse): void {
    const revision = Number(header.revision);
    const late: Commit[] = [];
    for (const [index, commit] of batch.entries()) {
      if (responses[index + 1]?.response_txn?.succeeded !== true) late.push(commit);
      else if (!commit.isGivenUp) {
        for (const key of commit.plan.generations) {
          if (!commit.plan.writes.has(key)) continue;
          // What was decided in a network before it went, or shrank, must not count after that.
          if (commit.plan.isSweeping) this.#generations.forget(key);
          else this.#generations.changed(key, commit.revision, revision);
        }
      }
    }
    void this.#options.hear(revision).then(() => this.#overtaken(late));
  }

  #overtaken(commits: readonly Commit[]): void {
    for (const { events } of commits) this.#options.overtaken(events);
    this.#reject(commits, conflict);
  }

  async #failed(batch: readonly Commit[], error: unknown): Promise<void> {
    if (!(error instanceof EtcdError)) {
      this.#reject(batch, () => new PoolError('internal', 'The cluster could not be written to', {}, error));
    } else if (error.isRefusal) {
      this.#options.log('warn', { err: error }, 'etcd refused a transaction');
      this.#reject(batch, () => unavailable(error.message, error));
    } else if (error.isFull) {
      await this.#full(batch, error);
    } else {
      await this.#unknown(batch, error);
    }
  }

  /** What etcd has answered for is over; that the quota is reached does not tell whether this still went in. */
  async #full(batch: readonly Commit[], error: EtcdError): Promise<void> {
    this.#troubled('the database of etcd is full', error);
    try {
      await this.#options.catchUp();
    } catch {
      await this.#unknown(batch, error);
      return;
    }
    this.#reject(batch, () => full(error));
  }

  async #unknown(batch: readonly Commit[], cause: EtcdError): Promise<void> {
    const { fence, hear } = this.#options;
    const word = fence.raise();
    this.#options.log(
      'warn',
      { err: cause, commits: batch.length },
      'nobody knows how a transaction ended: fencing it off',
    );
    while (!this.#isClosed) {
      try {
        await hear(await fence.raised(word));
        this.#recovered();
        this.#reject(batch, conflict);
        return;
      } catch (error) {
        if (error instanceof FenceLost) {
          this.#die(error);
          return;
        }
        this.#troubled((error as Error).message, error);
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  /** Nobody waits longer than they have patience; what was sent may count all the same, and is delivered then. */
  #expire(): void {
    const before = this.#options.clock() - PATIENCE_MS;
    const expired = [...this.#open.values()].filter(({ handedIn }) => handedIn <= before);
    const reason = this.#trouble ?? 'no answer in time';
    // Decisions from now on do not know of them: what they changed is another's change to these.
    for (const { plan } of expired) for (const key of plan.generations) this.#generations.forget(key);
    this.#reject(expired, () => unavailable(reason));
    if (this.#open.size > 0) return;
    clearInterval(this.#look);
    this.#look = undefined;
  }

  #reject(commits: readonly Commit[], why: () => PoolError): void {
    for (const commit of commits) if (this.#open.delete(commit.record)) commit.reject(why());
  }

  #die(error: FenceLost): void {
    this.#isClosed = true;
    this.#trouble = error.message;
    this.#queue = [];
    this.#reject([...this.#open.values()], () => unavailable(error.message));
    this.#options.fatal(
      new PoolError('data_locked', `${error.message}. Give every node a --node-id of its own`, {}, error),
    );
  }

  #troubled(reason: string, error: unknown): void {
    if (this.#trouble === undefined) this.#options.log('warn', { err: error }, `changes are refused: ${reason}`);
    this.#trouble = reason;
  }

  #recovered(): void {
    if (this.#trouble !== undefined) this.#options.log('info', {}, 'etcd can be written to again');
    this.#trouble = undefined;
  }
}

function conflict(): PoolError {
  return new PoolError('conflict', 'Another node was first: nothing was changed');
}

function full(cause: EtcdError): PoolError {
  return new PoolError(
    'storage_full',
    'Nothing was changed: the database of etcd is full. Compact, defragment and disarm it, or give it a larger quota',
    {},
    cause,
  );
}
