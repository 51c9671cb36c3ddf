/**
 * Time for leases: goes on with the clock on the wall, but never back. When that clock is put back, it goes on by what has
 * really passed, so that a lease lasts as long as it was given for; when it is put forward, it follows.
 */
export class Clock {
  readonly #wall: () => number;
  readonly #elapsed: () => number;
  /** What was told last, and the reading of `elapsed` at that moment. */
  #told = 0;
  #toldAt: number;

  /**
   * @param wall     milliseconds since 1970, may jump
   * @param elapsed  milliseconds since some moment, never jumps, like performance.now
   */
  constructor(wall: () => number, elapsed: () => number) {
    this.#wall = wall;
    this.#elapsed = elapsed;
    this.#toldAt = elapsed();
  }

  /** Milliseconds since 1970, whole; never less than told before. */
  now(): number {
    const elapsed = this.#elapsed();
    const passed = Math.max(0, Math.floor(elapsed - this.#toldAt));
    const wall = Math.floor(this.#wall());
    if (wall > this.#told + passed) {
      this.#told = wall;
      this.#toldAt = elapsed;
    } else {
      this.#told += passed;
      this.#toldAt += passed; // what is left of a millisecond counts for the next time
    }
    return this.#told;
  }

  /**
   * By how much the time that is told is ahead of the clock on the wall; milliseconds, 0 when it is not. Much of it at a
   * start means that one of the two was wrong: leases go on from what was told before, and only by what really passes.
   */
  ahead(): number {
    return Math.max(0, this.now() - Math.floor(this.#wall()));
  }

  /** Never tells less than this from now on: something is known to have happened then. */
  notBefore(time: number): void {
    if (time <= this.#told) return;
    this.#told = time;
    this.#toldAt = this.#elapsed();
  }
}
