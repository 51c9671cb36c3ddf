import { open, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { PoolError } from '../../../errors.ts';
import type { DomainEvent } from '../../families.ts';
import { indexName, isOutOfDescriptors, listFolder, type Numbered, segmentName, syncFolder } from '../folder.ts';
import { recordsBackwards } from './file.ts';
import { makeIndex, readIndex, writeIndex } from './index-file.ts';
import type { HistoryIndex } from './indexer.ts';

export interface KeepOptions {
  readonly dir: string;
  readonly log: (level: 'info' | 'warn', facts: Record<string, unknown>, message: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** How long what happened can be looked up; the journal's own two generations are kept in any case. */
  readonly auditRetentionMs?: number;
}

const DAY_MS = 24 * 60 * 60 * 1000;
const RETENTION_MS = 400 * DAY_MS;
/** How much is read at once to find the last record of a file. */
const CHUNK = 1 << 16;

/**
 * Keeps old journals as history, and lets go of what is older than anybody may ask for:
 *
 *     snapshot-0120  journal-0120 | snapshot-4711  journal-4711 | snapshot-9000  journal-9000
 *     deleted        history-0120 | ----- kept: before -------- | ----- kept: newest --------
 *
 * A crash in between leaves a segment without its index, which the next start makes up for. Nothing here is needed to
 * start or to commit: what fails is tried again at the next compaction, except for a sync, which is the end as anywhere.
 */
export class Keep {
  readonly #options: KeepOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(options: KeepOptions) {
    this.#options = options;
  }

  /**
   * Makes history of the generations that are not needed any more.
   *
   * @param index of the journal that was gone on from, for the time when it is history; undefined: made when it is
   * @throws PoolError `data_io`
   */
  archive(index: HistoryIndex | undefined): Promise<void> {
    return this.#next(async () => {
      await archiveOldGenerations(this.#options.dir);
      await this.#index();
      if (index) await writeIndex(this.#options.dir, index); // last: what is deleted before may make room for it
    });
  }

  /** Makes the indexes that are missing, and deletes what is too old. @throws PoolError `data_io` */
  tidy(): Promise<void> {
    return this.#next(() => this.#index());
  }

  /** Gives up an index that is being made: the next start makes it. */
  async abort(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  /** One after the other. */
  #next(work: () => Promise<void>): Promise<void> {
    const done = this.#running.then(work).catch((error: unknown) => {
      if (isTheEnd(error)) throw error;
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
        if (isTheEnd(error) || this.#abort.signal.aborted) throw error;
        log('warn', { err: error, file: segment.name }, 'no index of this history: searches read all of it');
      }
    }
  }
}

/**
 * Renames journals that neither the newest generation nor the one before it needs, and deletes their snapshots. Journals
 * first, and durably: one whose snapshot is gone already would be taken for damage.
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
 * When the newest event happened that can be found; milliseconds since 1970. The retention is measured from then when the
 * clock is later: one that is wrong at boot would have everything deleted. Without any event nothing is too old.
 */
async function newestTime(dir: string): Promise<number> {
  const { journals, segments } = await listFolder(dir);
  for (const file of [...segments, ...journals].reverse()) {
    const at = await timeOfLast(file);
    if (at !== undefined) return at;
  }
  return Number.NEGATIVE_INFINITY;
}

/** Time of the last event in a file that can be read. */
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

/** Files in the way cost space, not safety; a sync that failed is the end here too. */
function isTheEnd(error: unknown): boolean {
  return error instanceof PoolError && !isOutOfDescriptors(error.cause);
}
