import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { Delivery, type Delivered } from '../../delivered.ts';
import { parsePosition, positionGone } from '../../position.ts';
import { type History, type HistoryQuery, isRecordNumber, matches, type Recorded } from '../../history.ts';
import { ioError, journalName, listFolder, segmentName } from '../folder.ts';
import { offsetOf, recordsBackwards } from './file.ts';
import { commitsAfter } from './forwards.ts';
import { mayHold, readIndex } from './index-file.ts';

/** How much of the current journal is committed: the records after it are not acknowledged yet. */
export interface Committed {
  readonly base: number;
  readonly bytes: number;
}

/** Bytes per read. A search for a rare text skips most lines; where many lines match, the first should come soon. */
const CHUNK_TO_SEARCH = 1 << 20;
const CHUNK_TO_READ = 1 << 16;

/**
 * Searches the files of a data folder while the journal is being written:
 *
 *     history-0 … history-9000        journal-12000      journal-16000 ........|....
 *     opened when their indexes say so                   newest          committed  not yet
 *
 * A search sees what was committed when it began. The files may be renamed meanwhile, but never change.
 */
export class JournalHistory implements History {
  readonly #dir: string;
  readonly #committed: () => Committed | undefined;

  constructor(dir: string, committed: () => Committed | undefined) {
    this.#dir = dir;
    this.#committed = committed;
  }

  async *search(query: HistoryQuery): AsyncGenerator<Recorded> {
    const committed = this.#committed();
    if (!committed) return;
    const before = query.after === undefined ? Number.POSITIVE_INFINITY : Number(query.after);
    let newer = Number.POSITIVE_INFINITY; // base of the file behind
    for (const base of await this.#bases(committed.base)) {
      const begins = newer;
      newer = base;
      if (!(base + 1 < before) || (base !== committed.base && !(await this.#mayHold(base, query)))) continue;
      const handle = await this.#open(base);
      if (!handle) continue; // deleted a moment ago: older than the retention
      try {
        const size = base === committed.base ? committed.bytes : (await handle.stat()).size;
        yield* this.#inFile(handle, size, query, begins < before ? Number.POSITIVE_INFINITY : before);
      } finally {
        await handle.close();
      }
    }
  }

  async *after(position: string): AsyncGenerator<Delivered> {
    const committed = this.#committed();
    if (!committed) return;
    let seq = parsePosition(position) ?? -1;
    const bases = (await this.#bases(committed.base)).reverse();
    const first = bases.findLastIndex((base) => base <= seq);
    if (first < 0) throw positionGone(position);
    for (const base of bases.slice(first)) {
      const handle = await this.#open(base);
      if (!handle || base > seq) throw positionGone(position); // deleted by retention, or damaged
      try {
        const size = base === committed.base ? committed.bytes : (await handle.stat()).size;
        for await (const records of commitsAfter(handle, seq, size)) {
          seq = records.at(-1)?.seq ?? seq;
          yield new Delivery(
            seq,
            'replay',
            records.map(({ event }) => event),
          );
        }
      } finally {
        await handle.close();
      }
    }
  }

  isId(text: string): boolean {
    return isRecordNumber(text);
  }

  async *#inFile(handle: FileHandle, size: number, query: HistoryQuery, before: number): AsyncGenerator<Recorded> {
    const needles = needlesOf(query);
    const isRare = (query.ip ?? query.vm_id ?? query.about?.ip) !== undefined;
    const chunk = isRare ? CHUNK_TO_SEARCH : CHUNK_TO_READ;
    try {
      const end = Number.isFinite(before) ? await offsetOf(handle, before, size, CHUNK_TO_READ) : size;
      for await (const { seq, event } of recordsBackwards(handle, { end, needles, chunk })) {
        if (seq < before && matches(query, event)) yield { id: String(seq), event };
      }
    } catch (error) {
      throw ioError(`read the history in ${this.#dir}`, error);
    }
  }

  /** Lists twice: a file that is renamed while a folder is listed may be missing from that list under both names. */
  async #bases(newest: number): Promise<number[]> {
    const bases = new Set<number>();
    for (let i = 0; i < 2; i++) {
      const { journals, segments } = await listFolder(this.#dir);
      for (const { seq } of [...journals, ...segments]) if (seq <= newest) bases.add(seq);
    }
    return [...bases].sort((a, b) => b - a);
  }

  async #mayHold(base: number, query: HistoryQuery): Promise<boolean> {
    const { after: _, ...narrowing } = query;
    if (Object.keys(narrowing).length === 0) return true;
    for (const name of [journalName(base), segmentName(base)]) {
      const index = await readIndex(this.#dir, { name, path: join(this.#dir, name), seq: base });
      if (index) return mayHold(index, query);
    }
    return true;
  }

  /** A journal may become a segment at any time, never the other way round. */
  async #open(base: number): Promise<FileHandle | undefined> {
    for (const name of [journalName(base), segmentName(base)]) {
      try {
        return await open(join(this.#dir, name), 'r');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw ioError(`open ${name}`, error);
      }
    }
    return undefined;
  }
}

/** Texts of which every matching line contains one: quotes within a JSON text are escaped. */
function needlesOf({ ip, vm_id, types, network, about }: HistoryQuery): string[] | undefined {
  if (ip !== undefined) return addressNeedles(ip);
  if (vm_id !== undefined) return [needle('vm_id', vm_id)];
  if (about) {
    return [
      ...(about.ip === undefined ? [] : addressNeedles(about.ip)),
      ...(about.network === undefined ? [] : [needle('network', about.network)]),
      ...about.texts.flatMap((text) => [needle('range', text), needle('cidr', text)]),
    ];
  }
  if (types) return types.map((type) => needle('type', type));
  return network === undefined ? undefined : [needle('network', network)];
}

const needle = (field: string, text: string) => `"${field}":${JSON.stringify(text)}`;
const addressNeedles = (ip: string) => [needle('ip', ip), '"end_ip":'];
