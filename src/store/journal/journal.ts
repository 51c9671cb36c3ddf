import type { FileHandle } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { PoolError } from '../../pool/errors.ts';
import type { PoolEvent } from '../../pool/events.ts';
import type { Delivered, Store, StoreHealth } from '../store.ts';
import { AppendFile } from './file.ts';
import {
  deleteUnfinished,
  dropOldGenerations,
  ioError,
  journalName,
  listFolder,
  makeFolder,
  noData,
  publish,
  syncFolder,
} from './folder.ts';
import { encodeHeader, encodeRecord } from './format.ts';
import { isSigned, lockFolder, signLock } from './lock.ts';
import { type Admit, recover, type Tail } from './recover.ts';
import { writeSnapshot } from './snapshot.ts';
import { cutTornTail } from './torn.ts';

export interface JournalOptions {
  readonly dir: string;
  /** Refuse a folder that holds no journal: an unmounted volume must not look like an empty pool. */
  readonly requireExisting: boolean;
  /** What contradicts an event of the history, if anything; asked before the event is delivered. */
  readonly check: Admit;
  /** Called when history is through and before anything in the folder is changed; throws to refuse it. */
  readonly accept: () => void;
  /** The shortest history that leads to the state of now; asked between two batches. */
  readonly snapshot: () => Iterable<PoolEvent>;
  /** Told when the disk may have lied: nothing more is acknowledged, and the process has to end. */
  readonly fatal: (error: PoolError) => void;
  readonly log: (level: 'info' | 'warn', facts: Record<string, unknown>, message: string) => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Compact when the journals behind the newest snapshot are larger than this … */
  readonly compactBytes: number;
  /** … and larger than this many times that snapshot. */
  readonly compactRatio: number;
}

interface Commit {
  readonly events: readonly PoolEvent[];
  readonly resolve: () => void;
  readonly reject: (error: PoolError) => void;
}

/** The disk is full, or a quota or a file size limit is reached: it may have room again later. */
const FULL = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const PROBE_BYTES = new Uint8Array(4096);
const PROBE_MS = 1000;
const COMPACTION_RETRY_MS = 60_000;

/**
 * A store on one machine: an append-only journal with group commit, and snapshots that keep it short.
 *
 * One batch is on its way to the disk at a time. All commits that arrive meanwhile ride the next one, so that the cost of
 * fdatasync is shared by as many as there are, and there is no timer that anybody would wait for.
 */
export class Journal implements Store {
  readonly #options: JournalOptions;
  #lock: FileHandle | undefined;
  #file: AppendFile | undefined;
  #deliver: (batch: Delivered) => void = () => undefined;
  #seq = 0;
  #crc = 0;
  #pending: Commit[] = [];
  #running: Promise<void> | undefined;
  #state: 'closed' | 'open' | 'full' | 'dead' = 'closed';
  #probe: NodeJS.Timeout | undefined;
  /** Journal bytes behind the newest snapshot, without the file that is written to. */
  #olderBytes = 0;
  #snapshotBytes = 0;
  #compaction: Promise<void> | undefined;
  #compactAfter = 0;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  async open(deliver: (batch: Delivered) => void): Promise<void> {
    const { dir, check, accept, now, log, requireExisting } = this.#options;
    this.#deliver = deliver;
    if (requireExisting) await refuseEmpty(dir);
    await makeFolder(dir);
    this.#lock = await lockFolder(dir);
    try {
      const started = now();
      const found = await recover(dir, (event) => {
        const contradiction = check(event);
        if (contradiction === undefined) deliver([event]);
        return contradiction;
      });
      if (!found.last && (await isSigned(this.#lock))) throw vanished(dir);
      accept();
      await deleteUnfinished(dir, found.contents);
      if (found.last) {
        if (found.last.length > found.last.end) await this.#cutTornTail(found.last);
        this.#file = await AppendFile.open(found.last.path, found.last.end);
        this.#seq = found.last.seq;
        this.#crc = found.last.crc;
      } else {
        await this.#begin(0, 0);
      }
      // After kill -9 the last batch may stand in the page cache only; what we serve from has to be on the disk.
      await this.#file?.sync();
      await syncFolder(dir);
      await signLock(this.#lock, process.pid);
      this.#olderBytes = found.journalBytes - (found.last?.end ?? 0);
      this.#snapshotBytes = found.snapshotBytes;
      this.#state = 'open';
      log('info', { dir, records: this.#seq, ms: now() - started }, 'journal opened');
    } catch (error) {
      await this.#lock.close();
      this.#lock = undefined;
      throw error instanceof PoolError ? error : ioError(`open the data folder ${dir}`, error);
    }
  }

  commit(events: readonly PoolEvent[]): Promise<void> {
    if (this.#state === 'closed') return Promise.reject(new PoolError('store_unavailable', 'The journal is closed'));
    if (this.#state === 'dead') return Promise.reject(new PoolError('store_unavailable', 'The disk failed'));
    return new Promise((resolve, reject) => {
      this.#pending.push({ events, resolve, reject });
      this.#start();
    });
  }

  barrier(): Promise<void> {
    return Promise.resolve(); // nobody else writes here: what is committed has been delivered
  }

  health(): StoreHealth {
    switch (this.#state) {
      case 'open':
        return { writable: true, reason: 'ok' };
      case 'full':
        return { writable: false, reason: 'the disk is full' };
      case 'dead':
        return { writable: false, reason: 'the disk failed' };
      case 'closed':
        return { writable: false, reason: 'not open' };
    }
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#probe);
    while (this.#running) await this.#running;
    await this.#compaction;
    await this.#file?.close();
    await this.#lock?.close();
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined;
      if (this.#pending.length > 0) this.#start();
    });
  }

  async #run(): Promise<void> {
    while (this.#pending.length > 0 && this.#file && this.#state !== 'dead') {
      const batch = this.#pending;
      this.#pending = [];
      await this.#write(this.#file, batch);
      if (this.#compactionIsDue()) await this.#rotate();
    }
  }

  async #write(file: AppendFile, batch: readonly Commit[]): Promise<void> {
    const began = file.position;
    const { bytes, seq, crc } = this.#encode(batch, began);
    try {
      await file.append(bytes);
    } catch (error) {
      await this.#takeBack(file, error, batch);
      return;
    }
    try {
      await file.sync();
    } catch (error) {
      this.#die(`sync ${file.path}`, error);
      return;
    }
    this.#seq = seq;
    this.#crc = crc;
    this.#writable();
    for (const commit of batch) {
      this.#deliver(commit.events);
      commit.resolve();
    }
  }

  #encode(batch: readonly Commit[], g: number): { bytes: Buffer; seq: number; crc: number } {
    let lines = '';
    let seq = this.#seq;
    let crc = this.#crc;
    for (const { events } of batch) {
      for (let i = 0; i < events.length; i++) {
        const event = events[i];
        if (!event) continue;
        const sealed = encodeRecord(++seq, event, i < events.length - 1, g, crc);
        lines += sealed.line;
        crc = sealed.crc;
      }
    }
    return { bytes: Buffer.from(lines), seq, crc };
  }

  /** A write that found no room: the file ends where it ended before, and that is on the disk before anybody is told. */
  async #takeBack(file: AppendFile, error: unknown, batch: readonly Commit[]): Promise<void> {
    const { code = '' } = error as NodeJS.ErrnoException;
    try {
      await file.truncate();
      await file.sync();
    } catch (cause) {
      this.#die(`take back a failed write to ${file.path}`, cause);
      return;
    }
    if (!FULL.has(code)) {
      this.#die(`write ${file.path}`, error);
      return;
    }
    if (this.#state === 'open') {
      this.#state = 'full';
      this.#options.log('warn', { errno: code, file: file.path }, 'the disk is full: changes are refused, reads go on');
    }
    this.#probeLater();
    const refusal = new PoolError(
      'storage_full',
      `Nothing was changed: no room to write it down (${code}). Free space for the data folder and try again`,
      { errno: code },
    );
    for (const { reject } of batch) reject(refusal);
  }

  #writable(): void {
    if (this.#state !== 'full') return;
    this.#state = 'open';
    clearTimeout(this.#probe);
    this.#options.log('info', {}, 'the disk has room again: changes are accepted');
  }

  /** The next commit finds out by itself; this is for readiness, which would keep the commits away. */
  #probeLater(): void {
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => {
      if (this.#state !== 'full' || this.#running) return;
      this.#running = this.#probeNow().finally(() => {
        this.#running = undefined;
        if (this.#pending.length > 0) this.#start();
      });
    }, PROBE_MS).unref();
  }

  async #probeNow(): Promise<void> {
    const file = this.#file;
    if (!file) return;
    const began = file.position;
    let room = true;
    try {
      await file.append(PROBE_BYTES);
    } catch {
      room = false;
    }
    file.position = began;
    try {
      await file.truncate();
      await file.sync();
    } catch (error) {
      this.#die(`take back a probe of ${file.path}`, error);
      return;
    }
    if (room) this.#writable();
    else this.#probeLater();
  }

  /** After a failed fdatasync the kernel may drop the pages and call the next one a success: stop at the first. */
  #die(what: string, cause: unknown): void {
    this.#state = 'dead';
    // None of these was written. The batch that was gets no answer: nobody knows how it ended.
    const waiting = this.#pending;
    this.#pending = [];
    for (const { reject } of waiting) reject(new PoolError('store_unavailable', 'The disk failed'));
    this.#options.fatal(cause instanceof PoolError ? cause : ioError(what, cause));
  }

  /** Starts a journal: written and synced under a temporary name, so that a journal with half a header never exists. */
  async #begin(base: number, prev: number): Promise<void> {
    const { dir, now } = this.#options;
    const name = journalName(base);
    const temporary = join(dir, `${name}.tmp`);
    const header = encodeHeader(base, prev, new Date(now()).toISOString());
    const bytes = Buffer.from(header.line);
    const file = await AppendFile.open(temporary, 0);
    try {
      await file.append(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await publish(dir, temporary, name);
    this.#file = await AppendFile.open(join(dir, name), bytes.length);
    this.#seq = base;
    this.#crc = header.crc;
  }

  #compactionIsDue(): boolean {
    if (this.#compaction || this.#state !== 'open' || this.#options.now() < this.#compactAfter) return false;
    const bytes = this.#olderBytes + (this.#file?.position ?? 0);
    const { compactBytes, compactRatio } = this.#options;
    return bytes > compactBytes && bytes > this.#snapshotBytes * compactRatio;
  }

  /**
   * Between two batches: goes on in a new journal, and writes down the state at this very point, slice by slice, while
   * commits go on. A crash in between leaves a chain of two journals behind the older snapshot, which reads the same.
   */
  async #rotate(): Promise<void> {
    const { dir, snapshot, now } = this.#options;
    const before = this.#file;
    if (!before) return;
    const head = { seq: this.#seq, chain: this.#crc };
    try {
      await this.#begin(head.seq, head.chain);
    } catch (error) {
      await this.#compactionFailed(error);
      return;
    }
    this.#olderBytes += before.position;
    await before.close();
    this.#compaction = writeSnapshot(dir, head, snapshot(), new Date(now()).toISOString())
      .then(async (bytes) => {
        this.#snapshotBytes = bytes;
        this.#olderBytes = 0;
        await dropOldGenerations(dir);
        this.#options.log('info', { seq: head.seq, bytes }, 'journal compacted');
      })
      .catch((error: unknown) => this.#compactionFailed(error))
      .finally(() => {
        this.#compaction = undefined;
      });
  }

  /** The journal is whole without its compaction: it is tried again later. A failed sync is the end, as everywhere. */
  async #compactionFailed(error: unknown): Promise<void> {
    const { code = '', message } = error as NodeJS.ErrnoException;
    if (!FULL.has(code)) {
      this.#die('compact the journal', error);
      return;
    }
    this.#compactAfter = this.#options.now() + COMPACTION_RETRY_MS;
    this.#options.log('warn', { errno: code, error: message }, 'no room to compact the journal: it goes on growing');
    await deleteUnfinished(this.#options.dir, await listFolder(this.#options.dir));
  }

  async #cutTornTail(tail: Tail): Promise<void> {
    const { now, log } = this.#options;
    const copy = await cutTornTail(tail, new Date(now()).toISOString());
    log(
      'warn',
      { file: basename(tail.path), offset: tail.end, bytes: tail.length - tail.end, copy },
      'the last write before the crash was not finished: nobody had an answer for it, it was cut off and kept as a copy',
    );
  }
}

async function refuseEmpty(dir: string): Promise<void> {
  const { journals, snapshots } = await listFolder(dir);
  if (journals.length === 0 && snapshots.length === 0) throw noData(dir);
}

/** A folder that has a signed lock and nothing else: an empty pool would give addresses twice. */
function vanished(dir: string): PoolError {
  return new PoolError(
    'data_corrupt',
    `${dir} has lost its journal: ippool has served from it before. Put its files back; to begin with an empty pool delete LOCK too`,
    { file: journalName(0), offset: 0, rule: 'generation' },
  );
}
