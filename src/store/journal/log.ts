import { join } from 'node:path';
import { PoolError } from '../../errors.ts';
import type { DomainEvent } from '../families.ts';
import { AppendFile } from './file.ts';
import { ioError, journalName, publish } from './folder.ts';
import { FastEncoder } from './codec/fast-encode.ts';
import { encodeHeader, encodeRecord } from './codec/format.ts';
import { type HistoryIndex, Indexer } from './history/indexer.ts';
import type { Tail } from './recover.ts';

/** The disk is full, or a quota or a file size limit is reached: there may be room again later. */
const FULL: ReadonlySet<string> = new Set(['ENOSPC', 'EDQUOT', 'EFBIG']);
const PROBE_BYTES = 4096;

/**
 * Whether an error of the operating system says that there was no room. It may come from the sync inside of the write, too;
 * then what is on the disk is known again when the file has been cut back and that has been synced.
 */
export function isFull(error: unknown): boolean {
  return FULL.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

/** The journal that is written to: its file, and the number and crc of its last record. */
export class Log {
  readonly #file: AppendFile;
  readonly #encoder = new FastEncoder();
  /** Number of the last record before this file. */
  readonly base: number;
  #seq: number;
  #crc: number;
  /** Of all that was written here; undefined when there are records from before. */
  readonly #indexer: Indexer | undefined;
  readonly #created: string;

  private constructor(file: AppendFile, base: number, seq: number, crc: number, created?: string) {
    this.#file = file;
    this.base = base;
    this.#seq = seq;
    this.#crc = crc;
    this.#created = created ?? '';
    this.#indexer = created === undefined ? undefined : new Indexer();
  }

  /** Starts a journal: written durably under a temporary name, so that a journal with half a header never exists. */
  static async create(dir: string, base: number, prev: number, created: string): Promise<Log> {
    const name = journalName(base);
    const temporary = join(dir, `${name}.tmp`);
    const header = encodeHeader(base, prev, created);
    const bytes = Buffer.from(header.line);
    const file = await AppendFile.open(temporary, 0);
    try {
      await file.append(bytes);
      await publish(dir, temporary, name);
    } catch (error) {
      await file.close();
      throw error;
    }
    file.path = join(dir, name);
    return new Log(file, base, base, header.crc, created);
  }

  /**
   * Goes on behind the sound part of a journal, which is synced first: after kill -9 its last batch may stand in the
   * page cache only, and what is served has to be on the disk.
   */
  static async resume({ path, base, end, seq, crc }: Tail): Promise<Log> {
    const file = await AppendFile.open(path, end);
    await file.sync();
    return new Log(file, base, seq, crc);
  }

  get path(): string {
    return this.#file.path;
  }

  /** Number of the last record. */
  get seq(): number {
    return this.#seq;
  }

  /** Crc of the last record, or of the header when there is none. */
  get crc(): number {
    return this.#crc;
  }

  get bytes(): number {
    return this.#file.position;
  }

  /** What is in it, for searches of the history; undefined: to be read from the file. For who writes to it no more. */
  index(): HistoryIndex | undefined {
    const { base, seq: last_seq, bytes } = this;
    return this.#indexer?.index({ base, last_seq, bytes, created: Date.parse(this.#created) || 0 });
  }

  /**
   * Writes one batch of commits, durably.
   *
   * @throws PoolError `storage_full` when there was no room: the file ends where it ended before, and that is on the disk.
   *         `data_io` when it is not known what is on the disk: do not go on
   */
  async append(commits: readonly { readonly events: readonly DomainEvent[] }[]): Promise<void> {
    const { bytes, seq, crc } = this.#encode(commits);
    try {
      await this.#file.append(bytes);
    } catch (error) {
      if (!isFull(error)) throw ioError(`write ${this.path}`, error);
      await this.#takeBack();
      const { code = '' } = error as NodeJS.ErrnoException;
      throw new PoolError(
        'storage_full',
        `Nothing was changed: no room to write it down (${code}). Free space for the data folder and try again`,
        { errno: code },
      );
    }
    this.#seq = seq;
    this.#crc = crc;
    if (this.#indexer) for (const { events } of commits) for (const event of events) this.#indexer.add(event);
  }

  /** Whether there is room for a batch, found out by writing one of zeros and taking it back. @throws PoolError `data_io` */
  async hasRoom(): Promise<boolean> {
    const began = this.#file.position;
    let room = true;
    try {
      await this.#file.append(new Uint8Array(PROBE_BYTES));
    } catch (error) {
      if (!isFull(error)) throw ioError(`write ${this.path}`, error);
      room = false;
    }
    this.#file.position = began;
    await this.#takeBack();
    return room;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #takeBack(): Promise<void> {
    try {
      await this.#file.truncate();
    } catch (error) {
      throw ioError(`take back a failed write to ${this.path}`, error);
    }
    await this.#file.sync();
  }

  #encode(commits: readonly { readonly events: readonly DomainEvent[] }[]) {
    const g = this.#file.position;
    let lines = '';
    let seq = this.#seq;
    let crc = this.#crc;
    for (const { events } of commits) {
      let left = events.length;
      for (const event of events) {
        const sealed = encodeRecord(++seq, event, --left > 0, g, crc, this.#encoder);
        lines += sealed.line;
        crc = sealed.crc;
      }
    }
    return { bytes: Buffer.from(lines), seq, crc };
  }
}
