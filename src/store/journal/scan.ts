import { basename } from 'node:path';
import {
  crcMatches,
  type Header,
  isHeader,
  isRecord,
  type JournalRecord,
  SEAL_LENGTH,
  unseal,
} from './codec/format.ts';
import { blocksOf, type Line } from './codec/lines.ts';
import { FastDecoder } from './codec/fast-decode.ts';

/*
 * Reads a journal and distinguishes a torn tail from damage.
 *
 *     batch k                batch k+1 (the last one written)
 *     [rec][rec][rec]        [rec][rec][re
 *     synced, acknowledged   written, perhaps half of it; never acknowledged
 *
 * A crash can only affect the last batch. The batch may end anywhere, and where the file system wrote its blocks out of
 * order, whole blocks in it may be zero. Anything else, and anything before it, is damage: a record that may have been
 * acknowledged cannot be read, and a start without it could allocate its address twice.
 */

const BLOCK = 512;

/** A place in a journal that is not as it was written. */
export interface Damage {
  readonly offset: number;
  readonly rule: 'header' | 'form' | 'crc' | 'seq' | 'batch' | 'event';
  readonly what: string;
}

/** Receives what a scan finds, in the order of the file. */
export interface Sink {
  header(header: Header): void;
  /** The records of one complete commit. Returns the rule that one of them violates; undefined: none. */
  commit(records: readonly JournalRecord[]): string | undefined;
  /** Damage that a crash cannot explain. Throw to stop; return to continue with the next readable record. */
  damage(damage: Damage): void;
}

/** The sound part of a journal, and the size of its torn tail. */
export interface ScanEnd {
  /** Number of the last record, or the base when there is none. */
  readonly seq: number;
  /** Crc of the last record, which chains the next one. */
  readonly crc: number;
  /** Length of the sound part in bytes. */
  readonly end: number;
  /** Length of the file in bytes; larger than `end` when there is a torn tail. */
  readonly length: number;
}

/**
 * Reads a journal from the beginning to the end.
 *
 * @param base what its name says: the number of the last record before it
 * @param read called with the number of bytes read since the call before
 * @throws PoolError `data_mismatch` for a newer version
 */
export async function scanJournal(
  path: string,
  base: number,
  sink: Sink,
  read?: (bytes: number) => void,
): Promise<ScanEnd> {
  const scan = new Scan(basename(path), base, sink);
  for await (const block of blocksOf(path)) {
    for (const line of block) scan.line(line);
    read?.(block.bytes.length);
  }
  return scan.finish();
}

class Scan {
  readonly #file: string;
  readonly #sink: Sink;
  readonly #decoder = new FastDecoder();
  #begun = false;
  /** The records of an incomplete commit, and where it begins. */
  #open: JournalRecord[] = [];
  #openAt = 0;
  #seq = 0;
  #crc = 0;
  #chain: number | undefined = 0;
  #batch = 0;
  #sound = { seq: 0, crc: 0, end: 0 };
  #length = 0;
  /** Where the torn tail may begin; it is damage when a later record proves that this place had been synced. */
  #suspect: (Damage & { readonly torn: boolean }) | undefined;

  constructor(file: string, base: number, sink: Sink) {
    this.#file = file;
    this.#seq = base;
    this.#sound.seq = base;
    this.#sink = sink;
  }

  line(line: Line): void {
    this.#length = line.offset + line.size;
    if (!this.#begun) {
      this.#readHeader(line);
      return;
    }
    const sealed = this.#unseal(line);
    const record = line.terminated ? sealed?.record : undefined;
    if (this.#suspect) {
      if (!record || (this.#suspect.torn && record.g <= this.#suspect.offset)) return; // inside the batch that may be torn
      this.#sink.damage(this.#suspect);
      this.#resume(record);
    }
    if (!sealed || !record) {
      this.#suspect = { offset: line.offset, torn: looksTorn(line), rule: 'form', what: 'a record cannot be read' };
      this.#chain = undefined;
      return;
    }
    if (this.#chain !== undefined && !crcMatches(sealed, this.#chain)) {
      this.#suspect = {
        offset: line.offset,
        torn: false,
        rule: 'crc',
        what: `record ${record.seq} has a wrong checksum`,
      };
      this.#chain = sealed.crc;
      return;
    }
    this.#chain = sealed.crc;
    this.#crc = sealed.crc;
    this.#record(record, line);
  }

  #unseal(line: Line): { record: JournalRecord | undefined; body: Buffer; crc: number } | undefined {
    const fast = this.#decoder.record(line);
    if (fast) return { ...fast, body: line.bytes.subarray(0, -SEAL_LENGTH) };
    const sealed = unseal(line.bytes);
    return sealed && { ...sealed, record: isRecord(sealed.value) ? sealed.value : undefined };
  }

  finish(): ScanEnd {
    if (!this.#begun) this.#sink.damage({ offset: 0, rule: 'header', what: 'the file is empty' });
    if (this.#suspect && !this.#suspect.torn) this.#sink.damage(this.#suspect);
    return { ...this.#sound, length: this.#length };
  }

  /** A damaged header loses nothing: the name of the file and its first record have the same information. */
  #readHeader(line: Line): void {
    const sealed = unseal(line.bytes);
    const header = sealed && line.terminated && isHeader(sealed.value, this.#file) ? sealed.value : undefined;
    const sound = sealed && header && crcMatches(sealed, Number.parseInt(header.prev, 16));
    this.#begun = true;
    if (!sound) {
      const what = header ? 'the header has a wrong checksum' : 'the header cannot be read';
      this.#sink.damage({ offset: 0, rule: 'header', what });
    }
    this.#chain = sound ? sealed.crc : undefined;
    this.#crc = sealed?.crc ?? 0;
    if (sound) this.#seq = header.base;
    this.#batch = this.#length;
    this.#sound = { seq: this.#seq, crc: this.#crc, end: this.#length };
    if (sound) this.#sink.header(header);
  }

  #record(record: JournalRecord, { offset }: Line): void {
    const report = (rule: Damage['rule'], what: string) => this.#sink.damage({ offset, rule, what });
    if (record.seq !== this.#seq + 1) report('seq', `record ${record.seq} follows record ${this.#seq}`);
    if (record.g !== this.#batch && record.g !== offset) {
      report('batch', `record ${record.seq} names a batch at byte ${record.g}, expected ${this.#batch} or ${offset}`);
    }
    this.#seq = record.seq;
    this.#batch = record.g;
    if (this.#open.length === 0) this.#openAt = offset;
    this.#open.push(record);
    if (record.more) return;
    const contradiction = this.#sink.commit(this.#open);
    if (contradiction !== undefined) {
      this.#sink.damage({ offset: this.#openAt, rule: 'event', what: `record ${record.seq}: ${contradiction}` });
    }
    this.#open = [];
    this.#sound = { seq: this.#seq, crc: this.#crc, end: this.#length };
  }

  /** Continues after damage, for verify and repair. */
  #resume(record: JournalRecord): void {
    this.#suspect = undefined;
    this.#open = [];
    this.#seq = record.seq - 1;
    this.#batch = record.g;
  }
}

/**
 * Whether a crash during an append can leave such a line: cut off, or with blocks that were never written.
 * A complete line with a changed byte is damage by a disk or a person.
 */
function looksTorn(line: Line): boolean {
  if (hasMissingBlock(line)) return true;
  return !line.terminated && !/,"crc":"[0-9a-f]{8}"\}./s.test(line.bytes.toString('latin1'));
}

/**
 * A run of zeros from a block boundary, or from where the write may have begun, to a block boundary or the end of the
 * file. Not to a newline behind it: that lies in the same block, and would be missing too.
 */
function hasMissingBlock({ offset, bytes, terminated }: Line): boolean {
  for (let first = bytes.indexOf(0); first >= 0;) {
    let last = first;
    while (bytes[last + 1] === 0) last++;
    const begins = first === 0 || (offset + first) % BLOCK === 0;
    const ends = (last === bytes.length - 1 && !terminated) || (offset + last + 1) % BLOCK === 0;
    if (begins && ends) return true;
    first = bytes.indexOf(0, last + 1);
  }
  return false;
}
