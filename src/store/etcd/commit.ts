import type { PoolError } from '../../errors.ts';
import type { PoolEvent } from '../../pool/events.ts';
import type { Plan } from './plan.ts';

/** One commit on its way. It is settled once: whatever comes later finds it so. */
export class Commit {
  readonly events: readonly PoolEvent[];
  readonly plan: Plan;
  /** The key of its events: that it is delivered proves that the commit counts. */
  readonly record: string;
  /** What had been delivered when it was decided. */
  readonly revision: number;
  /** Milliseconds, of a clock that never goes back. */
  readonly handedIn: number;
  readonly settled: Promise<void>;
  #isSettled = false;
  #isGivenUp = false;
  #resolve: () => void = () => undefined;
  #reject: (error: PoolError) => void = () => undefined;

  constructor(facts: Pick<Commit, 'events' | 'plan' | 'record' | 'revision' | 'handedIn'>) {
    this.events = facts.events;
    this.plan = facts.plan;
    this.record = facts.record;
    this.revision = facts.revision;
    this.handedIn = facts.handedIn;
    this.settled = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whoever waited was told that it did not count; it may all the same. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  get isSettled(): boolean {
    return this.#isSettled;
  }

  resolve(): void {
    this.#isSettled = true;
    this.#resolve();
  }

  reject(error: PoolError): void {
    this.#isSettled = true;
    this.#isGivenUp = true;
    this.#reject(error);
  }
}
