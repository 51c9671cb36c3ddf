import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { PoolError } from '../../errors.ts';
import { Delivery, type Deliver } from '../delivered.ts';
import type { Store, StoreHealth } from '../store.ts';
import type { DomainEvent } from '../families.ts';
import type { History } from '../history.ts';
import { Compaction, type CompactionOptions } from './compaction.ts';
import { FORMAT_VERSION } from './codec/format.ts';
import { deleteUnfinished, ioError, makeFolder, syncFolder } from './folder.ts';
import { type Committed, JournalHistory } from './history/history.ts';
import { LoadProgress } from './load-progress.ts';
import { isSigned, lockFolder, signLock } from './lock.ts';
import { Log } from './log.ts';
import { recover, type RecordSink, type Tail } from './recover.ts';
import { lostJournal, openError, refuseEmpty, unavailable } from './refusals.ts';
import { truncateTornTail } from './torn.ts';

export interface JournalOptions extends CompactionOptions {
  /** Refuse a folder without a journal: an unmounted volume must not look like an empty pool. */
  readonly requireExisting: boolean;
  /** Called after the replay and before anything in the folder changes. Throws to refuse the folder. */
  readonly accept: () => void;
  /** Called when it is unknown what is on the disk: nothing more is acknowledged, and the process has to end. */
  readonly fatal: (error: PoolError) => void;
}

interface Commit {
  readonly events: readonly DomainEvent[];
  readonly resolve: () => void;
  readonly reject: (error: PoolError) => void;
}

type State = 'closed' | 'open' | 'full' | 'dead';

const REASONS: Readonly<Record<State, string>> = {
  open: 'ok',
  full: 'the disk is full',
  dead: 'the disk failed',
  closed: 'not open',
};
const PROBE_MS = 1000;

/**
 * A store on one machine: an append-only journal with group commit, and snapshots that keep it short.
 *
 * One batch is written at a time. All commits that arrive meanwhile form the next batch and share its sync; there is no
 * timer to wait for.
 */
export class Journal implements Store {
  readonly #options: JournalOptions;
  #state: State = 'closed';
  #deliver: Deliver = () => undefined;
  #lock: FileHandle | undefined;
  /** While the folder is being read. */
  #loading: LoadProgress | undefined;
  #log: Log | undefined;
  #compaction: Compaction | undefined;
  /** What a search may see: records after it have not been acknowledged yet. */
  #committed: Committed | undefined;
  readonly history: History;
  #pending: Commit[] = [];
  /** The only piece of work that may use the log at the moment. */
  #running: Promise<void> | undefined;
  #probe: NodeJS.Timeout | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.history = new JournalHistory(options.dir, () => this.#committed);
  }

  async open(deliver: Deliver): Promise<void> {
    const { dir, requireExisting } = this.#options;
    this.#deliver = deliver;
    if (requireExisting) await refuseEmpty(dir);
    await makeFolder(dir);
    const lock = await lockFolder(dir);
    try {
      await this.#load(lock);
      this.#lock = lock;
      this.#state = 'open';
    } catch (error) {
      await lock.close();
      throw openError(dir, error);
    }
  }

  commit(events: readonly DomainEvent[]): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'dead') return Promise.reject(unavailable(REASONS[this.#state]));
    return new Promise((resolve, reject) => {
      this.#pending.push({ events, resolve, reject });
      // At the end of this turn of the event loop, so that all its requests share one sync.
      if (this.#pending.length === 1) setImmediate(() => this.#run(() => this.#drain()));
    });
  }

  barrier(): Promise<void> {
    return Promise.resolve(); // there is no other writer: everything committed has been delivered
  }

  health(): StoreHealth {
    const health = { writable: this.#state === 'open', reason: REASONS[this.#state] };
    return this.#loading ? { ...health, progress: this.#loading } : health;
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    clearTimeout(this.#probe);
    this.#run(() => this.#drain());
    while (this.#running) await this.#running;
    await this.#compaction?.abort();
    await this.#log?.close();
    await this.#lock?.close();
  }

  async #load(lock: FileHandle): Promise<void> {
    const { dir, families, accept, now, log } = this.#options;
    const started = now();
    const sink: RecordSink = {
      requireKnown: (names) => families.requireKnown(names),
      admit: (event, seq) => {
        const violation = families.violation(event);
        if (violation === undefined) this.#deliver(new Delivery(seq, 'replay', [event]));
        return violation;
      },
    };
    this.#loading = new LoadProgress((facts, message) => log('info', { dir, ...facts }, message), now);
    const found = await recover(dir, sink, this.#loading).finally(() => (this.#loading = undefined));
    if (!found.last && (await isSigned(lock))) throw lostJournal(dir);
    accept();
    await deleteUnfinished(dir, found.contents);
    if (found.last && found.last.length > found.last.end) await this.#truncateTornTail(found.last);
    const time = new Date(now()).toISOString();
    this.#log = found.last ? await Log.resume(found.last) : await Log.create(dir, 0, 0, time);
    await syncFolder(dir);
    await signLock(lock, process.pid);
    this.#compaction = new Compaction(this.#options, found, (error) => this.#die(error));
    if (found.last && found.last.v < FORMAT_VERSION) {
      this.#log = await this.#compaction.renew(this.#log, found.last);
      log('info', { dir, from: found.last.v, to: FORMAT_VERSION }, 'the journal goes on in a newer format');
    }
    this.#committed = endOf(this.#log);
    this.#compaction.tidy();
    log('info', { dir, records: this.#log.seq, ms: now() - started }, 'journal opened');
  }

  /** Runs one piece of work at a time; commits that arrive meanwhile start when it ends. */
  #run(work: () => Promise<void>): void {
    this.#running ??= work().finally(() => {
      this.#running = undefined;
      if (this.#pending.length > 0) this.#run(() => this.#drain());
    });
  }

  async #drain(): Promise<void> {
    while (this.#pending.length > 0 && this.#log && this.#state !== 'dead') {
      const batch = this.#pending;
      this.#pending = [];
      await this.#write(this.#log, batch);
      if (this.#state === 'open' && this.#compaction?.isDue(this.#log)) await this.#rotate(this.#compaction, this.#log);
    }
  }

  async #write(log: Log, batch: readonly Commit[]): Promise<void> {
    let { seq } = log;
    try {
      await log.append(batch);
    } catch (error) {
      if (!(error instanceof PoolError) || error.code !== 'storage_full') {
        this.#die(error);
        return;
      }
      this.#full(error);
      for (const { reject } of batch) reject(error);
      return;
    }
    this.#hasRoom();
    for (const { events, resolve } of batch) {
      seq += events.length;
      this.#deliver(new Delivery(seq, 'own', events));
      resolve();
    }
    this.#committed = endOf(log);
  }

  async #rotate(compaction: Compaction, log: Log): Promise<void> {
    try {
      this.#log = await compaction.rotate(log);
      this.#committed = endOf(this.#log);
    } catch (error) {
      this.#die(error);
    }
  }

  #full(error: PoolError): void {
    if (this.#state === 'open') {
      this.#state = 'full';
      this.#options.log('warn', error.details, 'the disk is full: changes are refused, reads go on');
    }
    // Readiness keeps commits away while the disk is full, so a probe has to find out.
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => this.#run(() => this.#probeRoom()), PROBE_MS).unref();
  }

  async #probeRoom(): Promise<void> {
    if (this.#state !== 'full') return;
    try {
      if (await this.#log?.hasRoom()) this.#hasRoom();
      else this.#full(new PoolError('storage_full', REASONS.full));
    } catch (error) {
      this.#die(error);
    }
  }

  #hasRoom(): void {
    if (this.#state !== 'full') return;
    this.#state = 'open';
    clearTimeout(this.#probe);
    this.#options.log('info', {}, 'the disk has room again: changes are accepted');
  }

  /** After a failed sync the kernel may drop the pages and report the next one as a success: stop at the first. */
  #die(cause: unknown): void {
    this.#state = 'dead';
    // None of these was written. The commits of the failed batch stay pending: their outcome is unknown.
    const waiting = this.#pending;
    this.#pending = [];
    for (const { reject } of waiting) reject(unavailable(REASONS.dead));
    this.#options.fatal(cause instanceof PoolError ? cause : ioError(`write to ${this.#options.dir}`, cause));
  }

  async #truncateTornTail(tail: Tail): Promise<void> {
    const { now, log } = this.#options;
    const copy = await truncateTornTail(tail, new Date(now()).toISOString());
    log(
      'warn',
      { file: basename(tail.path), offset: tail.end, bytes: tail.length - tail.end, copy },
      'the last write before the crash was not finished: nobody had an answer for it, it was cut off and kept as a copy',
    );
  }
}

function endOf({ base, bytes }: Log): Committed {
  return { base, bytes };
}
