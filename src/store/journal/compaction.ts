import { setTimeout as delay } from 'node:timers/promises';
import { PoolError } from '../../errors.ts';
import type { DomainEvent, Families, FamiliesSnapshot } from '../families.ts';
import { deleteUnfinished, isOutOfDescriptors, listFolder } from './folder.ts';
import type { HistoryIndex } from './history/indexer.ts';
import { HistoryRetention, type RetentionOptions } from './history/retention.ts';
import { isFull, Log } from './log.ts';
import type { Recovered, Tail } from './recover.ts';
import { writeSnapshot } from './snapshot.ts';

export interface CompactionOptions extends RetentionOptions {
  /** The event families with their states; a snapshot of them is taken between two batches. */
  readonly families: Families;
  /** Compact when the journals behind the newest snapshot are larger than this … */
  readonly compactBytes: number;
  /** … and larger than this many times that snapshot. */
  readonly compactRatio: number;
}

const RETRY_MS = 60_000;
/** Milliseconds between two slices: requests get most of the CPU and of the disk. */
const PAUSE_MS = 1;

/**
 * Keeps the journal short. Between two batches it switches to a new journal, then writes the state of that moment to a
 * snapshot, slice by slice, while commits continue:
 *
 *     journal-120 ......4711 | snapshot-4711 (being written)
 *                            | journal-4711 ....... commits continue here
 *
 * A crash in between leaves two chained journals after the older snapshot, which lead to the same state.
 */
export class Compaction {
  readonly #options: CompactionOptions;
  /** Called when it is unknown what is on the disk. */
  readonly #fatal: (error: unknown) => void;
  /** Bytes of the journals after the newest snapshot, without the current one. */
  #olderBytes: number;
  #snapshotBytes: number;
  #running: Promise<void> | undefined;
  #postponed = false;
  readonly #retention: HistoryRetention;
  readonly #abort = new AbortController();

  constructor(
    options: CompactionOptions,
    { journalBytes, snapshotBytes, last }: Recovered,
    fatal: (error: unknown) => void,
  ) {
    this.#options = options;
    this.#olderBytes = journalBytes - (last?.end ?? 0);
    this.#snapshotBytes = snapshotBytes;
    this.#fatal = fatal;
    this.#retention = new HistoryRetention(options);
  }

  /** Indexes and prunes the history, in the background. */
  tidy(): void {
    this.#retention.tidy().catch(this.#fatal);
  }

  isDue({ bytes }: Log): boolean {
    const { compactBytes, compactRatio } = this.#options;
    const total = this.#olderBytes + bytes;
    if (total <= compactBytes || total <= this.#snapshotBytes * compactRatio) return false;
    return this.#running === undefined && !this.#postponed;
  }

  /** Starts a compaction; nothing may be committed until this returns. Returns the journal to continue with. @throws what the disk throws */
  async rotate(before: Log): Promise<Log> {
    const { dir, families, now } = this.#options;
    const created = new Date(now()).toISOString();
    const head = { seq: before.seq, chain: before.crc };
    let after: Log;
    try {
      after = await Log.create(dir, head.seq, head.chain, created);
    } catch (error) {
      await this.#postpone(error);
      return before;
    }
    this.#olderBytes += before.bytes;
    await before.close();
    const index = before.index();
    this.#running = this.#write(head, families.snapshot(), created, index)
      .catch((error: unknown) => this.#postpone(error))
      .catch(this.#fatal)
      .finally(() => {
        this.#running = undefined;
      });
    return after;
  }

  /**
   * Continues a journal of an older format in one of the current format, so that the program that wrote the older one refuses
   * the folder instead of misreading events that it does not know. Nothing is ever appended to the older journal.
   *
   * @throws PoolError `storage_full` when there is no room for the new one
   */
  async renew(before: Log, { base, prev }: Tail): Promise<Log> {
    const { dir, now } = this.#options;
    if (before.seq === base) {
      // A journal is named after the record before it: without records, the new one replaces the old one.
      const after = await Log.create(dir, base, prev, new Date(now()).toISOString());
      await before.close();
      return after;
    }
    const after = await this.rotate(before);
    if (after !== before) return after;
    await before.close();
    throw new PoolError('storage_full', `No room to open ${dir}: free space and start again`, { dir });
  }

  /** Aborts a running compaction: the journal is complete without it, and the next start deletes its files. */
  async abort(): Promise<void> {
    this.#abort.abort();
    await this.#retention.abort();
    await this.#running;
  }

  async #write(
    head: { seq: number; chain: number },
    { families, events }: FamiliesSnapshot,
    created: string,
    index: HistoryIndex | undefined,
  ): Promise<void> {
    const { dir, log, now } = this.#options;
    const pace = { now, turn: () => delay(PAUSE_MS) };
    const snapshot = { families, events: until(this.#abort.signal, events) };
    const bytes = await writeSnapshot(dir, head, snapshot, created, pace);
    this.#snapshotBytes = bytes;
    this.#olderBytes = 0;
    log('info', { seq: head.seq, bytes }, 'journal compacted');
    await this.#retention.archive(index);
  }

  /** Retries a compaction later when there was no room: the journal is complete without it. Rethrows other errors. */
  async #postpone(error: unknown): Promise<void> {
    if (this.#abort.signal.aborted) return;
    if (!isFull(error) && !isOutOfDescriptors(error)) throw error;
    const { dir, log } = this.#options;
    this.#postponed = true;
    setTimeout(() => (this.#postponed = false), RETRY_MS).unref();
    log('warn', { errno: (error as NodeJS.ErrnoException).code }, 'no room to compact the journal: it goes on growing');
    try {
      await deleteUnfinished(dir, await listFolder(dir));
    } catch (left) {
      if (!(left instanceof PoolError && isOutOfDescriptors(left.cause))) throw left; // the next start deletes the rest
    }
  }
}

function* until(signal: AbortSignal, events: Iterable<DomainEvent>): Generator<DomainEvent> {
  for (const event of events) {
    signal.throwIfAborted();
    yield event;
  }
}
