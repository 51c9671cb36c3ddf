import type { FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { PoolError } from '../../errors.ts';
import { Delivery, type Deliver } from '../delivered.ts';
import type { Store, StoreHealth } from '../store.ts';
import type { DomainEvent } from '../families.ts';
import type { History } from '../history.ts';
import { Compaction, type CompactionOptions } from './compaction.ts';
import { FORMAT_VERSION } from './codec/format.ts';
import { deleteUnfinished, ioError, journalName, listFolder, makeFolder, noData, syncFolder } from './folder.ts';
import { type Committed, JournalHistory } from './history/history.ts';
import { Loading } from './loading.ts';
import { isSigned, lockFolder, signLock } from './lock.ts';
import { isFull, Log } from './log.ts';
import { recover, type RecordSink, type Tail } from './recover.ts';
import { cutTornTail } from './torn.ts';

export interface JournalOptions extends CompactionOptions {
  /** Refuse a folder that holds no journal: an unmounted volume must not look like an empty pool. */
  readonly requireExisting: boolean;
  /** Called when history is through and before anything in the folder is changed; throws to refuse it. */
  readonly accept: () => void;
  /** Told when the disk may have lied: nothing more is acknowledged, and the process has to end. */
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
 * One batch is on its way to the disk at a time. All commits that arrive meanwhile ride the next one, so that the cost of
 * the sync is shared by as many as there are, and there is no timer that anybody would wait for.
 */
export class Journal implements Store {
  readonly #options: JournalOptions;
  #state: State = 'closed';
  #deliver: Deliver = () => undefined;
  #lock: FileHandle | undefined;
  /** While the folder is being read. */
  #loading: Loading | undefined;
  #log: Log | undefined;
  #compaction: Compaction | undefined;
  /** What a search may see: behind it stand records that nobody was told of yet. */
  #committed: Committed | undefined;
  readonly history: History;
  #pending: Commit[] = [];
  /** The one piece of work that may touch the log. */
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
    if (this.#state === 'closed' || this.#state === 'dead') return Promise.reject(unavailable(this.#state));
    return new Promise((resolve, reject) => {
      this.#pending.push({ events, resolve, reject });
      // At the end of this turn of the event loop, so that all requests that it brought share one sync.
      if (this.#pending.length === 1) setImmediate(() => this.#run(() => this.#drain()));
    });
  }

  barrier(): Promise<void> {
    return Promise.resolve(); // nobody else writes here: what is committed has been delivered
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
    this.#loading = new Loading((facts, message) => log('info', { dir, ...facts }, message), now);
    const found = await recover(dir, sink, this.#loading).finally(() => (this.#loading = undefined));
    if (!found.last && (await isSigned(lock))) throw vanished(dir);
    accept();
    await deleteUnfinished(dir, found.contents);
    if (found.last && found.last.length > found.last.end) await this.#cutTornTail(found.last);
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

  /** Does one piece of work at a time; commits that come meanwhile are begun when it ends. */
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
    // The next commit finds out by itself. This is for readiness, which keeps the commits away.
    clearTimeout(this.#probe);
    this.#probe = setTimeout(() => this.#run(() => this.#look()), PROBE_MS).unref();
  }

  async #look(): Promise<void> {
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

  /** After a failed sync the kernel may drop the pages and call the next one a success: stop at the first. */
  #die(cause: unknown): void {
    this.#state = 'dead';
    // None of these was written. The batch that was gets no answer: nobody knows how it ended.
    const waiting = this.#pending;
    this.#pending = [];
    for (const { reject } of waiting) reject(unavailable('dead'));
    this.#options.fatal(cause instanceof PoolError ? cause : ioError(`write to ${this.#options.dir}`, cause));
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

function endOf({ base, bytes }: Log): Committed {
  return { base, bytes };
}

function unavailable(state: 'closed' | 'dead'): PoolError {
  return new PoolError(
    'store_unavailable',
    `Nothing was changed: the journal cannot be written to (${REASONS[state]})`,
  );
}

/** A disk that is full now may have room later: worth another start, unlike one that fails. */
function openError(dir: string, error: unknown): PoolError {
  if (error instanceof PoolError) return error; // a failed sync among them, whatever its reason
  if (!isFull(error)) return ioError(`open the data folder ${dir}`, error);
  return new PoolError('storage_full', `No room to open ${dir}: free space and start again`, { dir }, error);
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
