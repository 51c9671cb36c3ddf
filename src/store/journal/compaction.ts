import { setTimeout as delay } from 'node:timers/promises';
import { PoolError } from '../../errors.ts';
import type { DomainEvent, Families, FamiliesSnapshot } from '../families.ts';
import { deleteUnfinished, isOutOfDescriptors, listFolder } from './folder.ts';
import type { HistoryIndex } from './history/indexer.ts';
import { Keep, type KeepOptions } from './history/retention.ts';
import { isFull, Log } from './log.ts';
import type { Recovered, Tail } from './recover.ts';
import { writeSnapshot } from './snapshot.ts';

export interface CompactionOptions extends KeepOptions {
  /** The event families with their states; a snapshot of them is taken between two batches. */
  readonly families: Families;
  /** Compact when the journals behind the newest snapshot are larger than this … */
  readonly compactBytes: number;
  /** … and larger than this many times that snapshot. */
  readonly compactRatio: number;
}

const RETRY_MS = 60_000;
/** Whoever asks meanwhile has the larger part of the time, and of the disk: nobody waits for a compaction. */
const PAUSE_MS = 1;

/**
 * Keeps the journal short. Between two batches it goes on in a new journal and writes down the state of that very point,
 * slice by slice, while commits go on:
 *
 *     journal-120 ......4711 | snapshot-4711 (being written)
 *                            | journal-4711 ....... commits go on here
 *
 * A crash in between leaves a chain of two journals behind the older snapshot, which reads the same.
 */
export class Compaction {
  readonly #options: CompactionOptions;
  /** Told when the disk may have lied. */
  readonly #fatal: (error: unknown) => void;
  /** Bytes of the journals behind the newest snapshot, without the one that is written to. */
  #olderBytes: number;
  #snapshotBytes: number;
  #running: Promise<void> | undefined;
  #postponed = false;
  readonly #keep: Keep;
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
    this.#keep = new Keep(options);
  }

  /** Puts the history in order, in the background. */
  tidy(): void {
    this.#keep.tidy().catch(this.#fatal);
  }

  isDue({ bytes }: Log): boolean {
    const { compactBytes, compactRatio } = this.#options;
    const total = this.#olderBytes + bytes;
    if (total <= compactBytes || total <= this.#snapshotBytes * compactRatio) return false;
    return this.#running === undefined && !this.#postponed;
  }

  /** Starts one; nothing may be committed until this returns. Returns the journal to go on in. @throws what the disk throws */
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
   * Goes on from a journal of an older format in one of today's, so that the program that wrote the older one refuses
   * the folder instead of reading events wrongly that it does not know. Nothing is ever appended to the older one.
   *
   * @throws PoolError `storage_full` when there is no room for it
   */
  async renew(before: Log, { base, prev }: Tail): Promise<Log> {
    const { dir, now } = this.#options;
    if (before.seq === base) {
      // Without a record there is nothing to go on from: the new one takes its name and its place.
      const after = await Log.create(dir, base, prev, new Date(now()).toISOString());
      await before.close();
      return after;
    }
    const after = await this.rotate(before);
    if (after !== before) return after;
    await before.close();
    throw new PoolError('storage_full', `No room to open ${dir}: free space and start again`, { dir });
  }

  /** Gives up the one under way, if any: the journal is whole without it, and the next start deletes what it wrote. */
  async abort(): Promise<void> {
    this.#abort.abort();
    await this.#keep.abort();
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
    await this.#keep.archive(index);
  }

  /** The journal is whole without its compaction, which is tried again later. Anything but a lack of room is thrown on. */
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
      if (!(left instanceof PoolError && isOutOfDescriptors(left.cause))) throw left; // else the next start deletes it
    }
  }
}

function* until(signal: AbortSignal, events: Iterable<DomainEvent>): Generator<DomainEvent> {
  for (const event of events) {
    signal.throwIfAborted();
    yield event;
  }
}
