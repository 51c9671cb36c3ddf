import { stat } from 'node:fs/promises';
import type { Progress } from '../store.ts';

/** Somebody who waits for a large folder hears of it this often. */
const TELL_MS = 5000;

/** How far the reading of a data folder has come. */
export class Loading implements Progress {
  done = 0;
  total = 0;
  readonly #tell: (facts: Record<string, unknown>, message: string) => void;
  readonly #now: () => number;
  #told: number;

  /**
   * @param tell for the log, every five seconds
   * @param now milliseconds since 1970
   */
  constructor(tell: (facts: Record<string, unknown>, message: string) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
    this.#told = now();
  }

  /** To be told which files will be read. */
  async begin(paths: readonly string[]): Promise<void> {
    const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
    this.total = sizes.reduce((sum, size) => sum + size, 0);
  }

  /** To be told how many bytes more were read. */
  read(bytes: number): void {
    this.done += bytes;
    const now = this.#now();
    if (now - this.#told < TELL_MS) return;
    this.#told = now;
    const { done, total } = this;
    this.#tell({ done, total }, `reading the data folder: ${Math.floor((100 * done) / total)} %`);
  }
}
