import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { PoolError } from '../../../src/errors.ts';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { Pool } from '../../../src/pool/pool.ts';
import { snapshotOf } from '../../../src/pool/snapshot.ts';
import { Journal, type JournalOptions } from '../../../src/store/journal/journal.ts';
import type { Deliver } from '../../../src/store/delivered.ts';
import { acceptingFamilies, familiesOf, poolEvents } from '../../support/families.ts';

/** In memory where there is such a place: these tests are about bytes, and start a journal a thousand times. */
const ROOT = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export type Files = ReadonlyMap<string, Buffer>;

/** A data folder for one test, and the journals that are opened in it. */
export class Place {
  readonly dir: string;
  readonly #opened: Journal[] = [];

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** An empty place: its folder does not even exist. It goes away with the test. */
  static async make(t: TestContext): Promise<Place> {
    const root = await mkdtemp(join(ROOT, 'ippool-journal-'));
    const place = new Place(join(root, 'data'));
    t.after(async () => {
      for (const journal of place.#opened) await journal.close();
      await rm(root, { recursive: true });
    });
    return place;
  }

  journal(options: Partial<JournalOptions>): Journal {
    const journal = new Journal({
      dir: this.dir,
      requireExisting: false,
      auditRetentionMs: Number.POSITIVE_INFINITY, // these events are as old as computers
      accept: () => undefined,
      families: acceptingFamilies(),
      fatal: (error) => {
        throw error;
      },
      log: () => undefined,
      now: () => 1_700_000_000_000,
      compactBytes: Number.POSITIVE_INFINITY,
      compactRatio: 1,
      ...options,
    });
    this.#opened.push(journal);
    return journal;
  }

  /** A journal whose snapshots hold all events that were ever delivered, for stores of events that no pool would take. */
  recording(options: Partial<JournalOptions>): Journal {
    const all: PoolEvent[] = [];
    const journal = this.journal({ families: acceptingFamilies(() => [...all]), ...options });
    const open = journal.open.bind(journal);
    journal.open = (deliver: Deliver) =>
      open((batch) => {
        all.push(...poolEvents(batch.events));
        deliver(batch);
      });
    return journal;
  }

  /** Opens a journal with a pool behind it, as compose.ts does. */
  async open(options: Partial<JournalOptions> = {}, snapshot?: (pool: Pool) => Iterable<PoolEvent>): Promise<Session> {
    const session = new Session();
    const { pool } = session;
    session.journal = this.journal({
      families: snapshot ? acceptingFamilies(() => snapshot(pool)) : familiesOf(pool),
      fatal: (error) => session.fatal.push(error),
      log: (_level, _facts, message) => session.note(message),
      ...options,
    });
    await session.journal.open((batch) => {
      for (const event of poolEvents(batch.events)) session.pool.apply(event);
    });
    return session;
  }

  /** Commits and compacts; the generation before the one before it is gone when this resolves. */
  async compact(...events: PoolEvent[]): Promise<void> {
    const session = await this.open({ compactBytes: 1, compactRatio: 0 });
    const compacted = session.compacted();
    await session.commit(...events);
    await compacted;
    await session.close();
  }

  /** All files with their bytes, torn copies too. */
  async files(): Promise<Files> {
    const names = await readdir(this.dir);
    try {
      return new Map(
        await Promise.all(names.sort().map(async (name) => [name, await readFile(join(this.dir, name))] as const)),
      );
    } catch (error) {
      // A journal that is open renames files in the background.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return this.files();
      throw error;
    }
  }

  /** Makes the folder hold these files and no others. */
  async restore(files: Files): Promise<void> {
    await rm(this.dir, { recursive: true, force: true });
    await mkdir(this.dir, { mode: 0o700 });
    for (const [name, bytes] of files) await writeFile(join(this.dir, name), bytes, { mode: 0o600 });
  }

  path(name: string): string {
    return join(this.dir, name);
  }
}

/** From the opening of a journal to its end. */
export class Session {
  readonly pool = new Pool();
  readonly logs: string[] = [];
  readonly fatal: PoolError[] = [];
  journal!: Journal;
  #waiting: (() => void)[] = [];

  /** Resolves when a snapshot is finished that was not when this was called. Old files may still be there then. */
  compacted(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Resolves when so many snapshots have been finished since the start. */
  async compactions(count: number): Promise<void> {
    while (this.logs.filter((message) => message === 'journal compacted').length < count) await this.compacted();
  }

  note(message: string): void {
    this.logs.push(message);
    if (message !== 'journal compacted') return;
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  commit(...events: PoolEvent[]): Promise<void> {
    return this.journal.commit(events);
  }

  state(): string[] {
    return stateOf(this.pool);
  }

  close(): Promise<void> {
    return this.journal.close();
  }
}

/** All that a pool remembers, as lines that compare well. */
export function stateOf(pool: Pool): string[] {
  return Array.from(snapshotOf(pool), (event) => JSON.stringify(event));
}
