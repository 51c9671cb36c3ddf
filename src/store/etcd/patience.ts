import { EtcdError } from './failure.ts';
import { unavailable } from '../unavailable.ts';

/** How long etcd may be away when a process starts: all that are started together are there by then. */
const START_MS = 30_000;
const AGAIN_MS = 500;

export interface PatienceOptions {
  /** Milliseconds, never going back. */
  readonly clock: () => number;
  readonly log: (level: 'info' | 'warn', facts: object, message: string) => void;
}

/**
 * Tries one call again while etcd is away.
 *
 * @throws PoolError `store_unavailable` when it stays away, or one does not trust the other; EtcdError when it refuses
 */
export async function patiently<T>(call: () => Promise<T>, { clock, log }: PatienceOptions): Promise<T> {
  const end = clock() + START_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof EtcdError) || error.isRefusal) throw error;
      if (error.isDistrust || clock() > end) throw unavailable(error.message, error);
      if (attempt === 1) log('warn', { err: error }, 'etcd does not answer yet: waiting for it');
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}
