import { stat } from 'node:fs/promises';
import type { Progress } from '../store.ts';

/** How often the progress is logged. */
const LOG_INTERVAL_MS = 5000;

/** How much of a data folder has been read, in bytes. */
export class LoadProgress implements Progress {
  done = 0;
  total = 0;
  readonly #log: (facts: Record<string, unknown>, message: string) => void;
  readonly #now: () => number;
  #loggedAt: number;

  /**
   * @param log called every five seconds
   * @param now milliseconds since 1970
   */
  constructor(log: (facts: Record<string, unknown>, message: string) => void, now: () => number) {
    this.#log = log;
    this.#now = now;
    this.#loggedAt = now();
  }

  /** Sets the total to the size of the files that are about to be read. */
  async begin(paths: readonly string[]): Promise<void> {
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    this.total = sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Counts bytes that have just been read. */
  read(bytes: number): void {
    this.done += bytes;
    const now = this.#now();
    if (now - this.#loggedAt < LOG_INTERVAL_MS) return;
    this.#loggedAt = now;
    const { done, total } = this;
    this.#log({ done, total }, `reading the data folder: ${Math.floor((100 * done) / total)} %`);
  }
}
