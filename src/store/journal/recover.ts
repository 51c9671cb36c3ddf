import { basename } from 'node:path';
import { hex32 } from '../../net/hex.ts';
import type { DomainEvent } from '../families.ts';
import { type Contents, listFolder } from './folder.ts';
import { corrupt, FORMAT_VERSION, type Header } from './codec/format.ts';
import { type Damage, scanJournal, type Sink } from './scan.ts';
import type { LoadProgress } from './load-progress.ts';
import { readSnapshot } from './snapshot.ts';

/** The content of a data folder, and where to continue writing. */
export interface Recovered {
  readonly contents: Contents;
  /** The journal to append to; undefined when the folder is empty. */
  readonly last: Tail | undefined;
  /** Bytes of all journals after the newest snapshot, and of that snapshot; compaction compares them. */
  readonly journalBytes: number;
  readonly snapshotBytes: number;
}

export interface Tail {
  readonly path: string;
  /** From its header: its format version, and the number and crc of the last record before it. */
  readonly v: number;
  readonly base: number;
  readonly prev: number;
  readonly seq: number;
  readonly crc: number;
  /** Length of the sound part in bytes; the file is longer when it has a torn tail. */
  readonly end: number;
  readonly length: number;
}

/** Receives the events of a data folder with the numbers of their records. */
export interface RecordSink {
  requireKnown(families: readonly string[]): void;
  /**
   * Applies one event, or returns the rule that it breaks.
   *
   * @param seq number of its record; an event of a snapshot has that of the last record that the snapshot covers
   */
  admit(event: DomainEvent, seq: number): string | undefined;
}

/**
 * Reads the newest snapshot and the journals after it, in order. Changes nothing.
 *
 *     snapshot-4711   journal-4711 → journal-9000 → …     each file's base is the last record of the file before
 *
 * @param loading counts the bytes
 * @param sink receives the events, in order
 * @throws PoolError `data_corrupt` for damage, a gap, or a snapshot that is missing; `data_mismatch` for a newer version, or
 *   an event type or a family that this build does not know
 */
export async function recover(dir: string, sink: RecordSink, loading?: LoadProgress): Promise<Recovered> {
  const contents = await listFolder(dir);
  const snapshot = contents.snapshots.at(-1);
  const base = snapshot?.seq ?? 0;
  const journals = contents.journals.filter(({ seq }) => seq >= base);
  const first = journals[0];
  if (!first && !snapshot && contents.journals.length === 0) {
    return { contents, last: undefined, journalBytes: 0, snapshotBytes: 0 };
  }
  if (first?.seq !== base) {
    const name = first?.name ?? snapshot?.name ?? dir;
    throw corrupt(name, 0, 'generation', missing(base, first?.seq));
  }
  await loading?.begin([...(snapshot ? [snapshot] : []), ...journals].map(({ path }) => path));
  const read = (bytes: number) => loading?.read(bytes);
  let snapshotBytes = 0;
  let chain: number | undefined;
  if (snapshot) {
    const head = await readSnapshot(
      snapshot.path,
      { requireKnown: (names) => sink.requireKnown(names), admit: (event) => sink.admit(event, base) },
      read,
    );
    if (head.seq !== base) throw corrupt(snapshot.name, 0, 'generation', `it holds the state after record ${head.seq}`);
    chain = head.chain;
    snapshotBytes = head.size;
  }
  let last: Tail | undefined;
  let journalBytes = 0;
  for (const { path, name, seq } of journals) {
    if (last && (last.seq !== seq || last.length !== last.end)) {
      throw corrupt(
        basename(last.path),
        last.end,
        'generation',
        `it ends at record ${last.seq}, but ${name} goes on from ${seq}`,
      );
    }
    const expected = chain;
    let head = { v: FORMAT_VERSION, prev: 0 };
    const records: Sink = {
      header: (header) => {
        checkHeader(name, header, seq, expected);
        head = { v: header.v, prev: Number.parseInt(header.prev, 16) };
      },
      commit: (commit) => {
        for (const { event, seq } of commit) {
          const contradiction = sink.admit(event, seq);
          if (contradiction !== undefined) return contradiction;
        }
        return undefined;
      },
      damage: ({ offset, rule, what }: Damage) => {
        throw corrupt(name, offset, rule, what);
      },
    };
    const end = await scanJournal(path, seq, records, read);
    last = { path, ...head, base: seq, ...end };
    chain = end.crc;
    journalBytes += end.end;
  }
  return { contents, last, journalBytes, snapshotBytes };
}

/** Checks the header of a journal against its name and its place in the chain. */
export function checkHeader(name: string, header: Header, base: number, chain: number | undefined): void {
  if (header.base !== base)
    throw corrupt(name, 0, 'generation', `its header says that it begins after record ${header.base}`);
  if (chain !== undefined && header.prev !== hex32(chain)) {
    throw corrupt(
      name,
      0,
      'chain',
      `it does not continue the file before it (prev ${header.prev}, expected ${hex32(chain)})`,
    );
  }
}

function missing(base: number, first: number | undefined): string {
  if (base > 0) return `journal-${base}.jsonl is missing, which goes on from this snapshot`;
  return `snapshot-${String(first)}.json is missing, the state that this journal goes on from`;
}
