import type { EtcdClient, WatchStream } from './client.ts';
import { EtcdError } from './failure.ts';
import type { KeyRange } from './keys.ts';
import type { KeyValue, WatchResponse } from './messages.ts';
import type { Missed } from './missed.ts';
import { within } from './operation.ts';

/** What is to be known of one revision. */
export interface Revision {
  readonly revision: number;
  readonly puts: readonly KeyValue[];
}

export interface ReplicaOptions {
  readonly client: EtcdClient;
  readonly range: KeyRange;
  /** Told of every revision, once and in order. */
  readonly deliver: (revision: Revision) => void;
  /** Told when something is missing that nobody has any more. */
  readonly lost: (error: Error) => void;
  /** Reads what a watch from behind a revision can tell no more. @throws EtcdError */
  readonly missed: (revision: number) => Promise<Missed>;
  /** Milliseconds, never going back. */
  readonly clock: () => number;
  readonly log: (level: 'info' | 'warn', facts: object, message: string) => void;
}

interface Waiting {
  readonly revision: number;
  readonly resolve: () => void;
}

const AGAIN_MS = 100;
/** How often etcd may be compacted while what was missed is read; then it is better to begin anew. */
const TRIES = 5;
/** A new watch needs some time to tell the first. */
const SILENCE_MS = 700;

/**
 * Follows all puts of a range of keys: everything from the revision that it is told to begin behind, without a gap, over
 * every change of connection.
 *
 * The revision advances by what was delivered and by nothing else. etcd before 3.4.25 and 3.5.8 answers a progress request
 * with revisions whose events are still to come, so none is asked for: whoever needs to know how far it has got reads the
 * head, and {@link moveOn} is for those who see it stand still.
 */
export class Replica {
  readonly #options: ReplicaOptions;
  #revision = 0;
  /** When something was heard, or begun to be listened to. */
  #fresh = 0;
  #waiting: Waiting[] = [];
  #stream: { readonly stream: WatchStream; readonly leave: () => void } | undefined;
  #again: NodeJS.Timeout | undefined;
  #isOpen = false;
  /** To catch up, in vain. */
  #tries = 0;

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  /** The newest revision that has been delivered, and everything before it. */
  get revision(): number {
    return this.#revision;
  }

  /** Follows what comes behind a revision. */
  open(revision: number): void {
    this.#isOpen = true;
    this.#revision = revision;
    this.#watch();
  }

  /** Resolves when a revision, and everything before it, has been delivered. */
  reached(revision: number): Promise<void> {
    if (revision <= this.#revision) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ revision, resolve }));
  }

  /** Nothing is to be delivered up to a revision: what is compacted before it is not missed. */
  pass(revision: number): void {
    this.#advance({ revision, puts: [] });
  }

  /** Goes on at another endpoint, unless this one has told something just now, or has just been begun with. */
  moveOn(): void {
    if (!this.#stream || this.#options.clock() - this.#fresh < SILENCE_MS) return;
    this.#fresh = this.#options.clock();
    this.#options.log('warn', { revision: this.#revision }, 'etcd tells nothing new: asking another member');
    this.#end(true);
  }

  close(): void {
    this.#isOpen = false;
    clearTimeout(this.#again);
    this.#stream?.stream.cancel();
    this.#stream = undefined;
    for (const { resolve } of this.#waiting) resolve(); // for nothing: nobody is told anything any more
    this.#waiting = [];
  }

  #watch(): void {
    clearTimeout(this.#again);
    const watch = this.#options.client.watch();
    const { stream } = watch;
    this.#stream = watch;
    stream.on('error', () => {
      if (this.#stream === watch) this.#end(true);
    });
    stream.on('end', () => {
      if (this.#stream === watch) this.#end(true);
    });
    stream.on('data', (response: WatchResponse) => {
      if (this.#stream === watch) this.#heard(response);
    });
    const begin = { ...within(this.#options.range), start_revision: this.#revision + 1 };
    stream.write({ create_request: { ...begin, filters: ['NODELETE'] } }); // an hour's records may go at once
  }

  #heard({ events, canceled, compact_revision, cancel_reason }: WatchResponse): void {
    if (canceled) {
      if (compact_revision === '0') this.#options.log('warn', { reason: cancel_reason }, 'etcd has ended the watch');
      this.#end(compact_revision === '0', compact_revision !== '0');
      return;
    }
    // All events of a revision are in one answer, those of a later one behind them.
    let puts: KeyValue[] = [];
    let revision = 0;
    for (const { type, kv } of events) {
      const at = Number(kv.mod_revision);
      if (at !== revision && revision > 0) {
        this.#advance({ revision, puts });
        puts = [];
      }
      revision = at;
      if (type === 'PUT') puts.push(kv);
    }
    if (revision > 0) this.#advance({ revision, puts });
  }

  #advance(next: Revision): void {
    if (next.revision <= this.#revision) return;
    this.#revision = next.revision;
    this.#fresh = this.#options.clock();
    this.#options.deliver(next);
    const reached = this.#waiting.filter(({ revision }) => revision <= this.#revision);
    if (reached.length === 0) return;
    this.#waiting = this.#waiting.filter(({ revision }) => revision > this.#revision);
    for (const { resolve } of reached) resolve();
  }

  #end(isFault: boolean, isCompacted = false): void {
    const ended = this.#stream;
    this.#stream = undefined;
    ended?.stream.cancel();
    if (isFault) ended?.leave();
    if (!this.#isOpen) return;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      if (!isCompacted) this.#watch();
      else void this.#catchUp();
    }, AGAIN_MS);
  }

  /**
   * What has been compacted cannot be watched, but read. It is delivered when all of it is there: keys are not in the order
   * of revisions.
   */
  async #catchUp(): Promise<void> {
    try {
      const { revision: to, puts } = await this.#options.missed(this.#revision);
      if (!this.#isOpen) return;
      this.#tries = 0;
      const from = this.#revision;
      this.#options.log('info', { from, to, keys: puts.length }, 'etcd was compacted: caught up');
      for (let first = 0, next = 0; first < puts.length; first = next) {
        const revision = puts[first]?.mod_revision;
        while (puts[next]?.mod_revision === revision) next++;
        this.#advance({ revision: Number(revision), puts: puts.slice(first, next) });
      }
      this.#advance({ revision: to, puts: [] });
      this.#watch();
    } catch (error) {
      // That etcd is away is waited for, as by a watch: this node goes on with what it knows.
      const isLost = !(error instanceof EtcdError) || (error.isCompacted && ++this.#tries >= TRIES);
      if (isLost) this.#options.lost(error as Error);
      else this.#end(true, true);
    }
  }
}
