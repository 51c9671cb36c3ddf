import { crc32 } from 'node:zlib';
import { hex32 } from '../../../net/hex.ts';
import { PoolError } from '../../../errors.ts';
import type { DomainEvent } from '../../families.ts';
import { FastEncoder } from './fast-encode.ts';

/*
 * A journal is a text file with one JSON object per line:
 *
 *   {"v":3,"journal":"ippool","base":0,"prev":"00000000","created":"2026-…","crc":"5f1c…"}      header
 *   {"seq":1,"event":{"type":"network_added",…},"g":99,"crc":"8d02…"}                           record
 *   {"seq":2,"event":{…},"more":true,"g":231,"crc":"…"}                                         first of a commit of two
 *   {"seq":3,"event":{…},"g":231,"crc":"…"}                                                     last of that commit
 *
 *   v     format version; a larger one than ours is refused. A smaller one is read and never appended to: the journal goes
 *         on in a new file of our version, with a snapshot
 *           1  networks and single addresses
 *           2  the same lines; more event types, which a program for format 1 would read wrongly
 *           3  the same lines; events of several families (see store/families.ts), also within one commit. A snapshot names
 *              the families that have events in it. Events of networks may have `vrf` (absent: `default`), events of
 *              allocations may have `id` (absent: derived from address and time)
 *   base  number of the last record before this file; the first record here is base + 1
 *   prev  crc of that record, which chains the files together
 *   seq   number of the record, without gaps
 *   more  the next record belongs to the same commit: both count, or neither
 *   g     byte offset in this file at which the batch of this record began. Batch n + 1 is written only when
 *         batch n is durable, so a record with g > X proves that all bytes before X had reached the disk
 *   crc   CRC-32 (IEEE 802.3) over the bytes of the line before `,"crc"`, continued from the crc of the line before
 *
 * A type or a family that this program does not know is refused like a larger version: skipping it would lose state.
 */

/** The newest format that this program reads, and the one that it writes. */
export const FORMAT_VERSION = 3;
/** The first format in which a snapshot names its families. */
export const FAMILIES_VERSION = 3;

const CRC_FIELD = ',"crc":"';
/** `,"crc":"01234567"}` */
export const SEAL_LENGTH = CRC_FIELD.length + 8 + 2;
const OPENING_BRACE = 0x7b;

export interface Header {
  readonly v: number;
  readonly journal: 'ippool';
  readonly base: number;
  readonly prev: string;
  readonly created: string;
}

export interface JournalRecord {
  readonly seq: number;
  readonly event: DomainEvent;
  readonly more?: true;
  readonly g: number;
}

/** Seals the start of a line (`{…` without its closing brace) with its chained crc. Returns the whole line and its crc. */
export function seal(open: string, chain: number): { line: string; crc: number } {
  const crc = crc32(open, chain);
  return { line: `${open}${CRC_FIELD}${hex32(crc)}"}\n`, crc };
}

/** The first line of a journal. */
export function encodeHeader(base: number, prev: number, created: string): { line: string; crc: number } {
  const header: Header = { v: FORMAT_VERSION, journal: 'ippool', base, prev: hex32(prev), created };
  return seal(JSON.stringify(header).slice(0, -1), prev);
}

/**
 * One record.
 *
 * @param more whether the next record belongs to the same commit
 * @param encoder that of the records before it, whose work it reuses
 */
export function encodeRecord(
  seq: number,
  event: DomainEvent,
  more: boolean,
  g: number,
  chain: number,
  encoder = new FastEncoder(),
) {
  return seal(`{"seq":${seq},"event":${encoder.encode(event)}${more ? ',"more":true' : ''},"g":${g}`, chain);
}

/** What a line states of itself; `undefined` when it has not the form of a sealed line. The crc is not checked here. */
export function unseal(line: Buffer): { value: Record<string, unknown>; body: Buffer; crc: number } | undefined {
  if (line.length <= SEAL_LENGTH || line[0] !== OPENING_BRACE) return undefined;
  const body = line.subarray(0, line.length - SEAL_LENGTH);
  const match = /^,"crc":"([0-9a-f]{8})"\}$/.exec(line.toString('latin1', body.length));
  if (!match?.[1]) return undefined;
  try {
    const value: unknown = JSON.parse(line.toString('utf8'));
    return { value: value as Record<string, unknown>, body, crc: Number.parseInt(match[1], 16) };
  } catch {
    return undefined;
  }
}

/** Whether the body of a line has the crc that it states, continued from the crc of the line before. */
export function crcMatches({ body, crc }: { body: Buffer; crc: number }, chain: number): boolean {
  return crc32(body, chain) === crc;
}

/** Whether a line has the form of a record (its crc aside). */
export function isRecord(value: Record<string, unknown>): value is Record<string, unknown> & JournalRecord {
  const { seq, event, g, more } = value;
  return (
    Number.isSafeInteger(seq) &&
    Number.isSafeInteger(g) &&
    typeof event === 'object' &&
    event !== null &&
    typeof (event as Partial<DomainEvent>).type === 'string' &&
    (more === undefined || more === true)
  );
}

/** Whether a line has the form of a header that this program can read. @throws PoolError `data_mismatch` for a newer version */
export function isHeader(value: Record<string, unknown>, file: string): value is Record<string, unknown> & Header {
  if (typeof value.v === 'number' && value.v > FORMAT_VERSION) throw newerVersion(file, value.v);
  const { v, journal, base, prev } = value;
  const chained = typeof prev === 'string' && /^[0-9a-f]{8}$/.test(prev);
  const isKnown = Number.isInteger(v) && Number(v) >= 1 && Number(v) <= FORMAT_VERSION;
  return isKnown && journal === 'ippool' && Number.isSafeInteger(base) && chained;
}

/** A file of a later release: refused, and left alone. */
export function newerVersion(file: string, version: number): PoolError {
  return new PoolError(
    'data_mismatch',
    `${file} has format version ${version}, this program reads up to ${FORMAT_VERSION}: start it with the newer ippool that wrote it`,
    { file, version },
  );
}

/** Damage that a crash cannot explain. Nothing is changed; the remedy is a command of its own. */
export function corrupt(file: string, offset: number, rule: string, what: string): PoolError {
  return new PoolError(
    'data_corrupt',
    `${file} is damaged at byte ${offset}: ${what}. Nothing was changed. Copy the folder, then see what is left with: ippool journal verify DIR, and mend it with: ippool journal repair DIR`,
    { file, offset, rule, what },
  );
}

/** Says which records nobody can read any more. */
export function missingRecords(first: number, last: number, of = ''): string {
  return first === last ? `record ${first}${of} is missing` : `records ${first} to ${last}${of} are missing`;
}
