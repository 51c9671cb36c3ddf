import { PoolError } from '../errors.ts';
import type { History } from '../store/history.ts';
import { formatPosition } from '../store/position.ts';
import type { Delivered } from '../store/delivered.ts';

/** Receives deliveries after they have been applied. */
export interface Listener {
  /** For the log. */
  readonly name: string;
  /**
   * Called for one delivery at a time, in order, and again only when the returned promise has settled. An exception or a
   * rejection is logged, and the next delivery follows.
   */
  receive(delivered: Delivered): unknown;
  /**
   * Called once when nothing more can follow without a gap: `position_gone` when the history no longer goes back as far as
   * this listener, or whatever the history throws. The subscription is closed then.
   */
  ended?(error: unknown): void;
}

export interface Subscription {
  /** The position of the last delivery that the listener has finished with; where to resume later. */
  readonly position: string;
  close(): void;
}

export interface FeedOptions {
  readonly history: Pick<History, 'after'>;
  /** Resolves when everything committed anywhere has been delivered; for positions of another node that is ahead of this one. */
  readonly barrier: () => Promise<void>;
  readonly log: { warn(facts: object, message: string): void };
  /** How many deliveries are kept in memory for listeners that lag. */
  readonly ringSize?: number | undefined;
}

const RING_SIZE = 4096;
/** Before the first delivery. */
const START = formatPosition(0);
/** Deliveries to one listener between two turns of the event loop. */
const TURN = 64;

/**
 * Passes live deliveries to listeners, and lets each continue after a position:
 *
 *     store ──► apply ──► publish ──► ring ──► cursor of each listener ──► receive
 *                                      history ──┘ while a listener is behind the ring
 *
 * A delivery only enters the ring and wakes idle cursors; listeners are called in later turns of the event loop. So none of
 * them delays a commit or another listener. Without listeners the ring stays empty.
 *
 * A resumed listener gets the batches of the history, whose source is `replay`. A batch may be smaller or larger there than
 * it was live, but holds whole commits.
 */
export class Feed {
  readonly #options: FeedOptions;
  readonly #ringSize: number;
  readonly #cursors = new Set<Cursor>();
  #ring: Delivered[] = [];
  /** The number of the first delivery in the ring: how many have left it. */
  #first = 0;
  /** The last delivery before the ring: everything after it is in the ring. */
  #before: Delivered | undefined;
  #last: Delivered | undefined;

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#ringSize = options.ringSize ?? RING_SIZE;
  }

  /** Passes on one delivery that has been applied. Never throws and never calls a listener. */
  publish(delivered: Delivered): void {
    this.#last = delivered;
    if (this.#cursors.size === 0 || delivered.source === 'replay') return;
    this.#ring.push(delivered);
    // The ring grows to twice its size before it is cut, which spreads the cost of the cut.
    if (this.#ring.length >= 2 * this.#ringSize) {
      const cut = this.#ring.length - this.#ringSize;
      this.#before = this.#ring[cut - 1];
      this.#ring = this.#ring.slice(cut);
      this.#first += cut;
    }
    for (const cursor of this.#cursors) cursor.wake();
  }

  /**
   * Adds a listener.
   *
   * @param after where to begin: behind this position; from now on when it is undefined
   */
  subscribe(listener: Listener, after?: string): Subscription {
    if (this.#cursors.size === 0) {
      this.#first += this.#ring.length;
      this.#ring = [];
      this.#before = this.#last;
    }
    const cursor = new Cursor(listener, after ?? this.#last?.position ?? START, this.#source);
    this.#cursors.add(cursor);
    cursor.wake();
    return cursor;
  }

  /** Closes all subscriptions. */
  close(): void {
    for (const cursor of this.#cursors) cursor.close();
  }

  readonly #source: CursorSource = {
    log: (facts, message) => this.#options.log.warn(facts, message),
    remove: (cursor) => {
      this.#cursors.delete(cursor);
      if (this.#cursors.size > 0) return;
      this.#first += this.#ring.length;
      this.#ring = []; // no listener needs the events any more
    },
    at: (number) => this.#ring[number - this.#first],
    numberAfter: (position) => {
      if (position < (this.#before?.position ?? START)) return undefined;
      let [low, high] = [0, this.#ring.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((this.#ring[middle]?.position ?? '') <= position) low = middle + 1;
        else high = middle;
      }
      return this.#first + low;
    },
    hasLeft: (number) => number < this.#first,
    before: () => this.#before?.position ?? START,
    last: () => this.#last?.position ?? START,
    history: (position) => this.#options.history.after(position),
    barrier: () => this.#options.barrier(),
  };
}

/** What a cursor needs of its feed. */
interface CursorSource {
  log(facts: object, message: string): void;
  remove(cursor: Cursor): void;
  /** A delivery of the ring by its number; undefined when it is still to come. */
  at(number: number): Delivered | undefined;
  /** The number of the first delivery behind a position; undefined when the ring does not go back that far. */
  numberAfter(position: string): number | undefined;
  hasLeft(number: number): boolean;
  /** The position behind which the ring begins. */
  before(): string;
  last(): string;
  history(position: string): AsyncIterable<Delivered>;
  barrier(): Promise<void>;
}

/** The progress of one listener. */
class Cursor implements Subscription {
  readonly #listener: Listener;
  readonly #source: CursorSource;
  position: string;
  #isRunning = false;
  #isOpen = true;

  constructor(listener: Listener, position: string, source: CursorSource) {
    this.#listener = listener;
    this.position = position;
    this.#source = source;
  }

  /** Continues in a later turn of the event loop, unless it is running. */
  wake(): void {
    if (this.#isRunning) return;
    this.#isRunning = true;
    setImmediate(() => void this.#run());
  }

  close(): void {
    this.#isOpen = false;
    this.#source.remove(this);
  }

  async #run(): Promise<void> {
    try {
      await this.#refuseFuture();
      while (this.#isOpen) {
        const next = this.#source.numberAfter(this.position);
        if (next === undefined) await this.#readHistory();
        else if (this.#source.at(next)) await this.#readRing(next);
        else break;
      }
    } catch (error) {
      if (!this.#isOpen) return;
      this.close();
      this.#source.log({ err: error, listener: this.#listener.name }, 'a listener of the feed has ended');
      this.#listener.ended?.(error);
    } finally {
      this.#isRunning = false; // set in the same turn that found no delivery, so that the next one wakes it
    }
  }

  /** A position of another node may be ahead of this one; a position of a lost journal is ahead of everything. */
  async #refuseFuture(): Promise<void> {
    if (this.position <= this.#source.last()) return;
    await this.#source.barrier();
    if (this.position <= this.#source.last()) return;
    throw new PoolError(
      'position_gone',
      `No delivery has the position ${this.position}: read the state and subscribe again`,
    );
  }

  async #readRing(from: number): Promise<void> {
    for (let number = from; this.#isOpen && !this.#source.hasLeft(number); number++) {
      const delivered = this.#source.at(number);
      if (!delivered) return;
      await this.#receive(delivered);
      if ((number - from) % TURN === TURN - 1) await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async #readHistory(): Promise<void> {
    const covered = this.#source.before();
    let count = 0;
    for await (const delivered of this.#source.history(this.position)) {
      if (!this.#isOpen) return;
      await this.#receive(delivered);
      if (++count % TURN === 0) await new Promise((resolve) => setImmediate(resolve));
      if (this.#source.numberAfter(this.position) !== undefined) return;
    }
    // A position without a record of its own, such as the revision of a replay: nothing lies between.
    if (this.position < covered) this.position = covered;
  }

  async #receive(delivered: Delivered): Promise<void> {
    try {
      await this.#listener.receive(delivered);
    } catch (error) {
      this.#source.log({ err: error, listener: this.#listener.name }, 'a listener of the feed failed: it continues');
    }
    this.position = delivered.position;
  }
}
