/**
 * The time by which leases expire. It follows the wall clock and never goes back: while the wall clock is behind, it
 * advances by the time that has passed, so that a lease lasts as long as it was granted for.
 */
export class Clock {
  readonly #wall: () => number;
  readonly #elapsed: () => number;
  /** The time that was returned last, and the reading of `elapsed` at that moment. */
  #last = 0;
  #lastElapsed: number;

  /**
   * @param wall     milliseconds since 1970, may jump
   * @param elapsed  milliseconds since some moment, never jumps, like performance.now
   */
  constructor(wall: () => number, elapsed: () => number) {
    this.#wall = wall;
    this.#elapsed = elapsed;
    this.#lastElapsed = elapsed();
  }

  /** Whole milliseconds since 1970; never less than the last result. */
  now(): number {
    const elapsed = this.#elapsed();
    const passed = Math.max(0, Math.floor(elapsed - this.#lastElapsed));
    const wall = Math.floor(this.#wall());
    if (wall > this.#last + passed) {
      this.#last = wall;
      this.#lastElapsed = elapsed;
    } else {
      this.#last += passed;
      this.#lastElapsed += passed; // the rest of a millisecond counts towards the next call
    }
    return this.#last;
  }

  /**
   * Milliseconds by which this clock is ahead of the wall clock; 0 if it is not. A large value at a start means that the
   * wall clock is wrong now, or was wrong when the last event was recorded.
   */
  ahead(): number {
    return Math.max(0, this.now() - Math.floor(this.#wall()));
  }

  /** Moves the clock forward to the time of an event that has happened. @param time milliseconds since 1970 */
  notBefore(time: number): void {
    if (time <= this.#last) return;
    this.#last = time;
    this.#lastElapsed = this.#elapsed();
  }
}
