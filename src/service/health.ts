import type { Progress, StoreHealth } from '../store/store.ts';

export type Phase = 'loading' | 'ready' | 'draining';

/** Whether this process should be sent requests. Judged by it alone: a pool that is exhausted is still ready. */
export class Health {
  phase: Phase = 'loading';
  readonly #store: { health(): StoreHealth };
  readonly #now: () => number;
  readonly #started: number;
  /** Whether this process is one of several. */
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

  /** Every condition with "ok" or what is wrong, for people. */
  get checks(): Readonly<Record<string, string>> {
    return {
      loaded:
        this.phase === 'loading'
          ? `${this.isCluster ? 'what the cluster holds is being read' : 'the data folder is being read'}${this.#percent}`
          : 'ok',
      accepting: this.phase === 'draining' ? 'shutting down' : 'ok',
      store: this.#store.health().reason,
    };
  }

  /** How far the loading is, where that is known. */
  get progress(): Progress | undefined {
    return this.phase === 'loading' ? this.#store.health().progress : undefined;
  }

  /** For whoever asks too early. */
  get loading(): string {
    return `Still reading what is stored${this.#percent}: try again in a moment`;
  }

  get #percent(): string {
    const { progress } = this;
    return progress && progress.total > 0 ? `, ${Math.floor((100 * progress.done) / progress.total)} %` : '';
  }

  get ready(): boolean {
    return this.phase === 'ready' && this.#store.health().writable;
  }
}
