import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import type { Facts, HistoryQuery } from '../history.ts';
import { indexName, ioError, type Numbered, publish } from './folder.ts';
import { crcMatches, isRecord, seal, unseal } from './format.ts';
import { Bloom } from './history-bloom.ts';
import { linesOf } from './lines.ts';

/*
 * What a segment of the history holds, so that most searches need not open it. One line of JSON, sealed like a record:
 *
 *   {"v":1,"base":120,"last_seq":4711,"from":…,"to":…,"ranges":false,"bytes":16777301,"bloom":"…","crc":"…"}
 *
 *   from, to  time of its oldest and its newest event, in milliseconds since 1970
 *   ranges    whether there is an event with an `end_ip`: it is about addresses that are not in the filter
 *   bytes     length of the segment; another one is not the one that was read
 *   bloom     filter over every `ip` and every `vm_id`, base64
 *
 * An index that is missing, or not as it was written, is made anew from its segment.
 */

const VERSION = 1;
/** About a quarter of a millisecond of work. */
const LINES_A_TURN = 256;

export interface HistoryIndex {
  readonly base: number;
  readonly last_seq: number;
  readonly from: number;
  readonly to: number;
  readonly ranges: boolean;
  readonly bytes: number;
  readonly filter: Bloom;
}

const ipKey = (ip: string) => `ip ${ip}`;
const vmKey = (vm: string) => `vm ${vm}`;

/** Whether a segment may hold what a query looks for. */
export function mayHold(
  { from, to, ranges, filter }: HistoryIndex,
  { ip, vm_id, since, until }: HistoryQuery,
): boolean {
  if (since !== undefined && !(to >= since)) return false;
  if (until !== undefined && !(from <= until)) return false;
  if (vm_id !== undefined && !filter.mayHold(vmKey(vm_id))) return false;
  return ip === undefined || ranges || filter.mayHold(ipKey(ip));
}

/** Reads the index of a segment without opening the segment; undefined when there is none that can be believed. */
export async function readIndex(dir: string, { path, seq }: Numbered): Promise<HistoryIndex | undefined> {
  try {
    const line = await readFile(join(dir, indexName(seq)));
    const sealed = unseal(line.subarray(0, -1));
    if (!sealed || !crcMatches(sealed, 0)) return undefined;
    const value = sealed.value as unknown as Omit<HistoryIndex, 'filter'> & { v: number; bloom: string };
    const filter = Bloom.parse(value.bloom);
    if (value.v !== VERSION || value.base !== seq || !filter || (await stat(path)).size !== value.bytes)
      return undefined;
    return { ...value, filter };
  } catch {
    return undefined;
  }
}

/** Reads a segment and writes its index, durably. @throws when the signal is aborted; nothing is left behind then */
export async function makeIndex(dir: string, segment: Numbered, signal: AbortSignal): Promise<HistoryIndex> {
  const index = await indexOf(segment, signal);
  const { filter, ...facts } = index;
  const { line } = seal(JSON.stringify({ v: VERSION, ...facts, bloom: filter.text() }).slice(0, -1), 0);
  const name = indexName(segment.seq);
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
  return index;
}

/** What cannot be read in a segment is not found by a search either. */
async function indexOf({ path, seq }: Numbered, signal: AbortSignal): Promise<HistoryIndex> {
  const filter = new Bloom();
  let [last_seq, from, to, ranges, bytes, count] = [
    seq,
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
    false,
    0,
    0,
  ];
  let created = 0;
  for await (const line of linesOf(path)) {
    if (++count % LINES_A_TURN === 0) await turn();
    signal.throwIfAborted();
    bytes = line.offset + line.bytes.length + (line.terminated ? 1 : 0);
    const value = unseal(line.bytes)?.value;
    if (line.offset === 0) created = Date.parse(String(value?.created)) || 0;
    if (!value || !isRecord(value)) continue;
    const { at, ip, end_ip, vm_id }: Facts = value.event;
    last_seq = value.seq;
    if (at !== undefined) [from, to] = [Math.min(from, at), Math.max(to, at)];
    if (ip !== undefined) filter.add(ipKey(ip));
    if (vm_id !== undefined) filter.add(vmKey(vm_id));
    if (end_ip !== undefined) ranges = true;
  }
  // A segment without events is as old as its file.
  if (to < from) [from, to] = [created, created];
  return { base: seq, last_seq, from, to, ranges, bytes, filter };
}
