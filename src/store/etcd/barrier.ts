import { PoolError } from '../../errors.ts';
import { unavailable } from '../unavailable.ts';

/** How long anybody waits for etcd: a client has its answer within 3 s. */
export const PATIENCE_MS = 2500;

/**
 * One look at the newest revision serves all who ask before it is taken.
 */
export class Barrier {
  readonly #look: () => Promise<void>;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  /** @param look reads the newest revision and waits until it has been delivered */
  constructor(look: () => Promise<void>) {
    this.#look = look;
  }

  /** @throws PoolError `store_unavailable` */
  async pass(): Promise<void> {
    this.#next ??= this.#begin();
    await within(this.#next, PATIENCE_MS);
  }

  async #begin(): Promise<void> {
    // What has been read before somebody asked may be older than what that one knows of.
    await this.#running?.catch(() => undefined);
    await Promise.resolve();
    this.#running = this.#next;
    this.#next = undefined;
    await this.#look();
  }
}

async function within(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(unavailable('no answer in time')), ms);
  });
  try {
    await Promise.race([work, late]);
  } catch (error) {
    throw error instanceof PoolError ? error : unavailable((error as Error).message, error);
  } finally {
    clearTimeout(timer);
  }
}
