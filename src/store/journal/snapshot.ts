import { createReadStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { createInterface } from 'node:readline';
import { crc32 } from 'node:zlib';
import type { PoolEvent } from '../../pool/events.ts';
import { corrupt, FORMAT_VERSION, hex, newerVersion } from './format.ts';
import { ioError, publish, snapshotName } from './folder.ts';

/*
 * A snapshot is one JSON document with an event a line, so that it can be written and read in slices, and by jq:
 *
 *   {"v":1,"snapshot":"ippool","seq":4711,"chain":"8d02…","created":"2026-…","events":[
 *   {"type":"network_added",…},
 *   {"type":"ip_allocated",…}
 *   ],"count":2,"crc":"5f1c…"}
 *
 *   seq    the state after this record
 *   chain  crc of that record, the same as `prev` in the header of journal-<seq>
 *   count  how many events
 *   crc    CRC-32 over all bytes of the document before `,"crc"`
 */

export interface SnapshotHead {
  readonly seq: number;
  readonly chain: number;
}

/** About a third of a millisecond of work between two turns of the event loop. */
const SLICE_CHARACTERS = 64 * 1024;

/** Writes a snapshot durably, slice by slice. Returns its size in bytes. */
export async function writeSnapshot(
  dir: string,
  { seq, chain }: SnapshotHead,
  events: Iterable<PoolEvent>,
  created: string,
): Promise<number> {
  const name = snapshotName(seq);
  const temporary = join(dir, `${name}.tmp`);
  const handle = await open(temporary, 'w', 0o600);
  try {
    const out = new Sliced(handle);
    const head = { v: FORMAT_VERSION, snapshot: 'ippool', seq, chain: hex(chain), created };
    out.text = `${JSON.stringify(head).slice(0, -1)},"events":[`;
    let count = 0;
    for (const event of events) {
      out.text += `${count++ === 0 ? '\n' : ',\n'}${JSON.stringify(event)}`;
      if (out.text.length >= SLICE_CHARACTERS) await out.flush();
    }
    out.text += `\n],"count":${count}`;
    await out.flush();
    out.text = `,"crc":"${hex(out.crc)}"}\n`;
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
 * Reads a snapshot, handing over its events in order. They are handed over before the checksum at the end is known:
 * use what they built only when this returns.
 *
 * @throws PoolError `data_corrupt` when anything in it is not as it was written, `data_mismatch` for a newer version
 */
export async function readSnapshot(
  path: string,
  event: (event: PoolEvent) => string | undefined,
): Promise<SnapshotHead & { readonly size: number }> {
  const file = basename(path);
  let head: SnapshotHead | undefined;
  let tail: { count: number; crc: string } | undefined;
  let crc = 0;
  let count = 0;
  let offset = 0;
  const bad = (rule: string, what: string) => corrupt(file, offset, rule, what);
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
    if (tail) throw bad('form', 'there is text behind the end of the snapshot');
    if (!head) {
      const value = parse(`${line}]}`);
      if (typeof value?.v === 'number' && value.v > FORMAT_VERSION) throw newerVersion(file, value.v);
      const { seq, chain } = value ?? {};
      if (value?.snapshot !== 'ippool' || typeof seq !== 'number' || typeof chain !== 'string') {
        throw bad('header', 'the first line of the snapshot cannot be read');
      }
      head = { seq, chain: Number.parseInt(chain, 16) };
    } else if (line.startsWith(']')) {
      const value = parse(`{"events":[${line}`);
      if (typeof value?.count !== 'number' || typeof value.crc !== 'string') {
        throw bad('form', 'the last line of the snapshot cannot be read');
      }
      tail = { count: value.count, crc: value.crc };
      crc = crc32(line.slice(0, line.lastIndexOf(',"crc"')), crc);
      continue;
    } else {
      const value = parse(line.endsWith(',') ? line.slice(0, -1) : line);
      if (typeof value?.type !== 'string') throw bad('form', `event ${count + 1} of the snapshot cannot be read`);
      const contradiction = event(value as unknown as PoolEvent);
      if (contradiction !== undefined) throw bad('event', contradiction);
      count++;
    }
    crc = crc32(`${line}\n`, crc);
    offset += Buffer.byteLength(line) + 1;
  }
  if (!head || !tail) throw bad('form', 'the snapshot has no end');
  if (tail.count !== count) throw bad('count', `the snapshot should have ${tail.count} events, it has ${count}`);
  if (tail.crc !== hex(crc)) throw bad('crc', 'the snapshot has a wrong checksum');
  return { ...head, size: offset };
}

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
