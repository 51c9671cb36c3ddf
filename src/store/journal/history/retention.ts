import { open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PoolError } from '../../../errors.ts';
import type { DomainEvent } from '../../families.ts';
import { indexName, isOutOfDescriptors, listFolder, type Numbered, segmentName, syncFolder } from '../folder.ts';
import { recordsBackwards } from './file.ts';
import { makeIndex, readIndex, writeIndex } from './index-file.ts';
import type { HistoryIndex } from './indexer.ts';

export interface RetentionOptions {
  readonly dir: string;
  readonly log: (level: 'info' | 'warn', facts: Record<string, unknown>, message: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long the history is kept, in milliseconds. The two generations of the journal are kept in any case. */
  readonly auditRetentionMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const RETENTION_MS = 400 * DAY_MS;
/** Bytes per read when looking for the last record of a file. */
const CHUNK = 1 << 16;

/**
 * Keeps old journals as history and deletes what is older than the retention:
 *
 *     snapshot-0120  journal-0120 | snapshot-4711  journal-4711 | snapshot-9000  journal-9000
 *     deleted        history-0120 | ----- kept: before -------- | ----- kept: newest --------
 *
 * A crash in between leaves a segment without its index, which the next start makes. Neither a start nor a commit needs the
 * history: a failed step is retried at the next compaction. Only a failed sync is fatal, as everywhere.
 */
export class HistoryRetention {
  readonly #options: RetentionOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /**
   * Turns generations that are no longer needed into history.
   *
   * @param index of the journal that was just finished, for when it is history; undefined: it is made then
   * @throws PoolError `data_io`
   */
  archive(index: HistoryIndex | undefined): Promise<void> {
    return this.#next(async () => {
      await archiveOldGenerations(this.#options.dir);
      await this.#index();
      if (index) await writeIndex(this.#options.dir, index); // last, because the deletions before may make room for it
    });
  }

  /** Makes missing indexes and deletes old segments. @throws PoolError `data_io` */
  tidy(): Promise<void> {
    return this.#next(() => this.#index());
  }

  /** Aborts an index that is being made: the next start makes it. */
  async abort(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** Runs one piece of work after the other. */
  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#running.then(work).catch((error: unknown) => {
      if (isFatal(error)) throw error;
      if (!this.#abort.signal.aborted) this.#options.log('warn', { err: error }, 'cannot keep the history in order');
    });
    this.#running = done.catch(() => undefined);
    return done;
  }

  async #index(): Promise<void> {
    const { dir, log, now, auditRetentionMs = RETENTION_MS } = this.#options;
    const { journals, segments, indexes } = await listFolder(dir);
    // What is written to has no index yet: one of its number is of another folder, or from before a restore.
    const known = new Set([...journals.slice(0, -1), ...segments].map(({ seq }) => seq));
    for (const { path } of indexes.filter(({ seq }) => !known.has(seq))) await unlink(path);
    const oldest = Math.min(now(), await newestTime(dir)) - auditRetentionMs;
    for (const segment of segments) {
      try {
        let index = await readIndex(dir, segment);
        if (!index) {
          this.#abort.signal.throwIfAborted();
          index = await makeIndex(dir, segment, this.#abort.signal);
          log('info', { file: segment.name, to: index.last_seq }, 'history indexed');
        }
        if (index.to >= oldest) continue;
        await unlink(segment.path);
        await unlink(join(dir, indexName(segment.seq)));
        log('info', { file: segment.name }, 'history deleted: it is older than it has to be kept');
      } catch (error) {
        if (isFatal(error) || this.#abort.signal.aborted) throw error;
        log('warn', { err: error, file: segment.name }, 'no index of this history: searches read all of it');
      }
    }
  }
}

/**
 * Renames journals that neither the newest generation nor the one before it needs, and deletes their snapshots. The journals
 * come first, durably: a journal without its snapshot would count as damage.
 */
async function archiveOldGenerations(dir: string): Promise<void> {
  const { journals, snapshots } = await listFolder(dir);
  const oldest = snapshots.at(-2)?.seq ?? 0;
  const old = journals.filter(({ seq }) => seq < oldest);
  for (const { path, seq } of old) await rename(path, join(dir, segmentName(seq)));
  if (old.length > 0) await syncFolder(dir);
  const states = snapshots.filter(({ seq }) => seq < oldest);
  for (const { path } of states) await unlink(path);
  if (states.length > 0) await syncFolder(dir);
}

/**
 * The time of the newest event that can be read; milliseconds since 1970. The retention counts from there when the clock is
 * later: a clock that is wrong at boot must not delete everything. Without any event, nothing is too old.
 */
async function newestTime(dir: string): Promise<number> {
  const { journals, segments } = await listFolder(dir);
  for (const file of [...segments, ...journals].reverse()) {
    const at = await timeOfLast(file);
    if (at !== undefined) return at;
  }
  return Number.NEGATIVE_INFINITY;
}

/** Time of the last readable event in a file. */
async function timeOfLast({ path }: Numbered): Promise<number | undefined> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    for await (const { event } of recordsBackwards(handle, { end: size, needles: undefined, chunk: CHUNK })) {
      const { at }: DomainEvent = event;
      if (at !== undefined) return at;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

/** Leftover files cost space, not safety. A failed sync is fatal here too. */
function isFatal(error: unknown): boolean {
  return error instanceof PoolError && !isOutOfDescriptors(error.cause);
}
