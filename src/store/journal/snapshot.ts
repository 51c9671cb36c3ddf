import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { hex32 } from '../../net/hex.ts';
import type { DomainEvent, EventSink, FamiliesSnapshot } from '../families.ts';
import { corrupt, FAMILIES_VERSION, FORMAT_VERSION, newerVersion } from './codec/format.ts';
import { ioError, publish, snapshotName } from './folder.ts';
import { blocksOf, type Line } from './codec/lines.ts';
import { FastDecoder } from './codec/fast-decode.ts';
import { FastEncoder } from './codec/fast-encode.ts';

/*
 * A snapshot is one JSON document with an event a line, so that it can be written and read in slices, and by jq:
 *
 *   {"v":3,"snapshot":"ippool","seq":4711,"chain":"8d02…","created":"2026-…","families":["pool"],"events":[
 *   {"type":"network_added",…},
 *   {"type":"ip_allocated",…}
 *   ],"count":2,"crc":"5f1c…"}
 *
 *   v         format version; see codec/format.ts
 *   seq       the state after this record
 *   chain     crc of that record, the same as `prev` in the header of journal-<seq>
 *   families  names of the event families that have events here; absent in formats 1 and 2
 *   count     how many events
 *   crc       CRC-32 over all bytes of the document before `,"crc"`
 */

export interface SnapshotHead {
  readonly seq: number;
  readonly chain: number;
}

interface FullHead extends SnapshotHead {
  /** Empty for formats 1 and 2, which do not name them. */
  readonly families: readonly string[];
}

const NEWLINE = 0x0a;
/** Written at once. */
const WRITE_CHARACTERS = 64 * 1024;
/** Events between two looks at the clock. */
const A_LOOK = 8;

/** How somebody who has others to serve writes: a slice ends when the clock ticks, since code that is not compiled yet takes long. */
export interface Pace {
  /** Milliseconds. */
  readonly now: () => number;
  /** Lets others work between two slices. */
  readonly turn: () => Promise<unknown>;
}

/** Writes a snapshot durably, slice by slice. Returns its size in bytes. */
export async function writeSnapshot(
  dir: string,
  { seq, chain }: SnapshotHead,
  { families, events }: FamiliesSnapshot,
  created: string,
  pace?: Pace,
): Promise<number> {
  const name = snapshotName(seq);
  const temporary = join(dir, `${name}.tmp`);
  const handle = await open(temporary, 'w', 0o600);
  try {
    const out = new Sliced(handle);
    const encoder = new FastEncoder();
    const head = { v: FORMAT_VERSION, snapshot: 'ippool', seq, chain: hex32(chain), created, families };
    out.text = `${JSON.stringify(head).slice(0, -1)},"events":[`;
    let count = 0;
    let began = pace?.now();
    for (const event of events) {
      out.text += `${count++ === 0 ? '\n' : ',\n'}${encoder.encode(event)}`;
      const isFull = out.text.length >= WRITE_CHARACTERS;
      if (!isFull && (count % A_LOOK > 0 || pace?.now() === began)) continue;
      if (isFull) await out.flush();
      await pace?.turn();
      began = pace?.now();
    }
    out.text += `\n],"count":${count}`;
    await out.flush();
    out.text = `,"crc":"${hex32(out.crc)}"}\n`;
    await out.flush();
    await handle.sync().catch((error: unknown) => {
      throw ioError(`sync ${temporary}`, error);
    });
    await publish(dir, temporary, name);
    return out.size;
  } finally {
    await handle.close();
  }
}

class Sliced {
  readonly #handle: FileHandle;
  text = '';
  crc = 0;
  size = 0;

  constructor(handle: FileHandle) {
    this.#handle = handle;
  }

  async flush(): Promise<void> {
    const bytes = Buffer.from(this.text);
    this.text = '';
    this.crc = crc32(bytes, this.crc);
    this.size += bytes.length;
    await this.#handle.writeFile(bytes);
  }
}

/**
 * Reads a snapshot, handing over its events in order.
 *
 * @param sink receives the names of the families, then the events in order
 * @param read called with the number of bytes read since the call before
 * @throws PoolError `data_corrupt` when anything in it is not as it was written, `data_mismatch` for a newer version or an unknown family
 */
export async function readSnapshot(
  path: string,
  sink: EventSink,
  read?: (bytes: number) => void,
): Promise<SnapshotHead & { readonly size: number }> {
  const file = basename(path);
  const { head, end, count, size } = await checkSum(path, file);
  sink.requireKnown(head.families);
  const usual = new FastDecoder();
  let events = 0;
  for await (const block of blocksOf(path)) {
    for (const line of block) {
      const { offset } = line;
      if (offset === 0 || offset >= end) continue;
      const value = eventOf(line, usual);
      if (!value) throw corrupt(file, offset, 'form', `event ${events + 1} cannot be read`);
      const contradiction = sink.admit(value);
      if (contradiction !== undefined) throw corrupt(file, offset, 'event', contradiction);
      events++;
    }
    read?.(block.bytes.length);
  }
  if (events !== count) throw corrupt(file, end, 'count', `the snapshot should have ${count} events, it has ${events}`);
  return { seq: head.seq, chain: head.chain, size };
}

function eventOf(line: Line, usual: FastDecoder): DomainEvent | undefined {
  const known = usual.event(line);
  if (known) return known;
  const text = line.bytes.toString('utf8');
  const value = parse(text.endsWith(',') ? text.slice(0, -1) : text);
  return typeof value?.type === 'string' ? (value as unknown as DomainEvent) : undefined;
}

/** Reads a snapshot once for its checksum: no event of it is believed before. Returns where its last line begins. */
async function checkSum(path: string, file: string) {
  let head: FullHead | undefined;
  /** Where the last line begins that was read, and that line: the last of all is not for the checksum, most of it. */
  let last = { offset: 0, bytes: Buffer.alloc(0) };
  let crc = 0;
  for await (const { offset, bytes } of blocksOf(path)) {
    crc = crc32(last.bytes, crc);
    head ??= readHead(firstLine(bytes), file);
    const start = bytes.lastIndexOf(NEWLINE, -2) + 1;
    crc = crc32(bytes.subarray(0, start), crc);
    last = { offset: offset + start, bytes: Buffer.from(bytes.subarray(start)) };
  }
  const seal = /^\],"count":(\d{1,15}),"crc":"([0-9a-f]{8})"\}\n$/.exec(last.bytes.toString('latin1'));
  if (!head || !seal) throw corrupt(file, last.offset, 'form', 'the snapshot has no end');
  crc = crc32(last.bytes.subarray(0, last.bytes.lastIndexOf(',"crc"')), crc);
  if (seal[2] !== hex32(crc)) throw corrupt(file, last.offset, 'crc', 'the snapshot has a wrong checksum');
  return { head, end: last.offset, count: Number(seal[1]), size: last.offset + last.bytes.length };
}

function firstLine(bytes: Buffer): Buffer {
  const end = bytes.indexOf(NEWLINE);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function readHead(bytes: Buffer, file: string): FullHead {
  const value = parse(`${bytes.toString('utf8')}]}`);
  if (typeof value?.v === 'number' && value.v > FORMAT_VERSION) throw newerVersion(file, value.v);
  const { v, seq, chain } = value ?? {};
  const families = Number(v) < FAMILIES_VERSION ? [] : value?.families;
  if (value?.snapshot !== 'ippool' || typeof seq !== 'number' || typeof chain !== 'string' || !areTexts(families)) {
    throw corrupt(file, 0, 'header', 'the first line of the snapshot cannot be read');
  }
  return { seq, chain: Number.parseInt(chain, 16), families };
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
