import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { About, HistoryQuery } from '../../history.ts';
import { indexName, ioError, type Numbered, publish } from '../folder.ts';
import { crcMatches, isRecord, type JournalRecord, seal, unseal } from '../codec/format.ts';
import { Bloom } from './bloom.ts';
import { type HistoryIndex, Indexer } from './indexer.ts';
import { mayInclude } from './spans.ts';
import { type Line, linesOf } from '../codec/lines.ts';
import { FastDecoder } from '../codec/fast-decode.ts';

/*
 * The index of a segment of the history, so that most searches need not open the segment. One line of JSON, sealed like a record:
 *
 *   {"v":2,"base":120,"last_seq":4711,"from":…,"to":…,"ranges":false,"spans":[[4,"a000010","a00001f"]],"bytes":16777301,
 *    "bloom":"…","crc":"…"}
 *
 *   from, to  time of its oldest and its newest event, in milliseconds since 1970
 *   spans     addresses of the events with an `end_ip`, which are not in the filter
 *   ranges    whether there are too many to list in `spans`: any address may be in one
 *   bytes     length of the segment; if it differs, the index is of another file
 *   bloom     filter over every `ip`, `vm_id`, `type`, `network`, `range` and `cidr`, base64
 *
 * An index that is missing, damaged or of another version is made from its segment. Version 1 had no spans, and only
 * addresses and VMs in its filter.
 */

const VERSION = 2;
/** Few enough not to delay requests. */
const LINES_A_TURN = 256;

/** Whether a segment may have events that match a query. */
export function mayHold(index: HistoryIndex, query: HistoryQuery): boolean {
  const { from, to, filter } = index;
  const { ip, vm_id, network, about, types, since, until } = query;
  if (since !== undefined && !(to >= since)) return false;
  if (until !== undefined && !(from <= until)) return false;
  if (vm_id !== undefined && !filter.mayHold('vm', vm_id)) return false;
  if (network !== undefined && !filter.mayHold('network', network)) return false;
  if (types && !types.some((type) => filter.mayHold('type', type))) return false;
  if (about && !mayBeAbout(index, about)) return false;
  return ip === undefined || mayHoldAddress(index, ip);
}

function mayBeAbout(index: HistoryIndex, { ip, network, texts }: About): boolean {
  if (network !== undefined && index.filter.mayHold('network', network)) return true;
  if (texts.some((text) => index.filter.mayHold('text', text))) return true;
  return ip !== undefined && mayHoldAddress(index, ip);
}

function mayHoldAddress({ ranges, spans, filter }: HistoryIndex, ip: string): boolean {
  return ranges || filter.mayHold('ip', ip) || mayInclude(spans, ip);
}

/** Reads the index of a segment without opening the segment; undefined when there is no valid one. */
export async function readIndex(dir: string, { path, seq }: Numbered): Promise<HistoryIndex | undefined> {
  try {
    const { size } = await stat(path);
    const line = await readFile(join(dir, indexName(seq)));
    const sealed = unseal(line.subarray(0, -1));
    if (!sealed || !crcMatches(sealed, 0)) return undefined;
    const value = sealed.value as unknown as Omit<HistoryIndex, 'filter'> & { v: number; bloom: string };
    const filter = Bloom.parse(value.bloom);
    if (value.v !== VERSION || value.base !== seq || !filter || size !== value.bytes) return undefined;
    return { ...value, filter };
  } catch {
    return undefined;
  }
}

/** Makes the index of a segment from its file, durably. @throws when the signal is aborted; it leaves no file then */
export async function makeIndex(dir: string, segment: Numbered, signal: AbortSignal): Promise<HistoryIndex> {
  const index = await indexOf(segment, signal);
  await writeIndex(dir, index);
  return index;
}

/** Writes an index durably. Its segment may still have the name of a journal. */
export async function writeIndex(dir: string, { filter, ...facts }: HistoryIndex): Promise<void> {
  const { line } = seal(JSON.stringify({ v: VERSION, ...facts, bloom: await filter.text() }).slice(0, -1), 0);
  const name = indexName(facts.base);
  const temporary = join(dir, `${name}.tmp`);
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(line);
    await handle.sync().catch((error: unknown) => {
      throw ioError(`sync ${temporary}`, error);
    });
  } finally {
    await handle.close();
  }
  await publish(dir, temporary, name);
}

/** Skips unreadable lines: searches cannot read them either. */
async function indexOf({ path, seq }: Numbered, signal: AbortSignal): Promise<HistoryIndex> {
  const decoder = new FastDecoder();
  const indexer = new Indexer();
  let [last_seq, bytes, count, created] = [seq, 0, 0, 0];
  for await (const line of linesOf(path)) {
    if (++count % LINES_A_TURN === 0) await turn();
    signal.throwIfAborted();
    bytes = line.offset + line.size;
    if (line.offset === 0) created = Date.parse(String(unseal(line.bytes)?.value.created)) || 0;
    const record = recordOf(line, decoder);
    if (!record) continue;
    last_seq = record.seq;
    indexer.add(record.event);
  }
  return indexer.index({ base: seq, last_seq, bytes, created });
}

function recordOf(line: Line, decoder: FastDecoder): JournalRecord | undefined {
  const fast = decoder.record(line)?.record;
  if (fast) return fast;
  const value = unseal(line.bytes)?.value;
  return value && isRecord(value) ? value : undefined;
}
