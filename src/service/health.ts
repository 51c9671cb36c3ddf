import type { Progress, StoreHealth } from '../store/store.ts';

export type Phase = 'loading' | 'ready' | 'draining';

/** Whether this process can serve requests. A full pool is still ready: the judgement is about this process only. */
export class Health {
  phase: Phase = 'loading';
  readonly #store: { health(): StoreHealth };
  readonly #now: () => number;
  readonly #started: number;
  /** Whether this process is a node of a cluster. */
  readonly isCluster: boolean;

  /** @param now milliseconds since 1970 */
  constructor(store: { health(): StoreHealth }, now: () => number, isCluster = false) {
    this.isCluster = isCluster;
    this.#store = store;
    this.#now = now;
    this.#started = now();
  }

  /** Whole seconds since the start. */
  get uptime(): number {
    return Math.max(0, Math.floor((this.#now() - this.#started) / 1000));
  }

  /** Each condition with "ok" or the reason why it is not met; text for people. */
  get checks(): Readonly<Record<string, string>> {
    return {
      loaded:
        this.phase === 'loading'
          ? `${this.isCluster ? 'reading the state of the cluster' : 'reading the data folder'}${this.#percent}`
          : 'ok',
      accepting: this.phase === 'draining' ? 'shutting down' : 'ok',
      store: this.#store.health().reason,
    };
  }

  /** How much is loaded; undefined when it is unknown or loading has ended. */
  get progress(): Progress | undefined {
    return this.phase === 'loading' ? this.#store.health().progress : undefined;
  }

  /** The error message for requests that arrive before loading has ended. */
  get loading(): string {
    return `Still loading${this.#percent}: retry in a moment`;
  }

  get #percent(): string {
    const { progress } = this;
    return progress && progress.total > 0 ? `, ${Math.floor((100 * progress.done) / progress.total)} %` : '';
  }

  get ready(): boolean {
    return this.phase === 'ready' && this.#store.health().writable;
  }
}
