import type { FileHandle } from 'node:fs/promises';
import { setImmediate as turn } from 'node:timers/promises';
import { isRecord, type JournalRecord, unseal } from '../codec/format.ts';

const NEWLINE = 0x0a;
const WINDOW = 8 * 1024;
/** Bytes; more than the beginning of a record. */
const OVERLAP = 32;
/** Few enough not to delay requests. */
const RECORDS_A_TURN = 256;

export interface Backwards {
  /** Where to start: a line ends there. */
  readonly end: number;
  /** Only records whose line contains one of these; undefined: all. */
  readonly needles: readonly string[] | undefined;
  /** Bytes per read. */
  readonly chunk: number;
}

/** The records of a journal, newest first. Reads lazily; skips what cannot be read. */
export async function* recordsBackwards(
  handle: FileHandle,
  { end, needles, chunk }: Backwards,
): AsyncGenerator<JournalRecord> {
  let buffer = Buffer.allocUnsafe(chunk + WINDOW);
  let rest = 0; // bytes at the beginning of the buffer: the end of a line that begins further to the front
  let parsed = 0;
  for (let position = end; position > 0;) {
    const length = Math.min(chunk, position);
    if (buffer.length < length + rest) buffer = Buffer.concat([buffer], 2 * (length + rest));
    buffer.copyWithin(length, 0, rest);
    position -= length;
    if (!(await readAll(handle, buffer.subarray(0, length), position))) return;
    const data = buffer.subarray(0, length + rest);
    const first = position === 0 ? 0 : data.indexOf(NEWLINE) + 1;
    for (const start of position > 0 && first === 0 ? [] : linesBackwards(data, first, needles)) {
      const lineEnd = data.indexOf(NEWLINE, start);
      const value = lineEnd < 0 ? undefined : unseal(data.subarray(start, lineEnd))?.value;
      if (++parsed % RECORDS_A_TURN === 0) await turn();
      if (value && isRecord(value)) yield value;
    }
    rest = first === 0 && position > 0 ? data.length : first;
  }
}

/**
 * Where the first record begins whose number is at least `seq`, by binary search; `end` when there is none. The result may
 * be up to `chunk` bytes too large.
 */
export async function offsetOf(handle: FileHandle, seq: number, end: number, chunk: number): Promise<number> {
  let low = 0;
  let high = end;
  while (high - low > chunk) {
    const middle = Math.floor((low + high) / 2);
    const found = await nextRecord(handle, middle, high);
    if (!found) break; // one long line, or damage: the rest is read
    if (found.seq >= seq) high = found.offset;
    else low = found.offset;
  }
  return high;
}

/** The first record that begins after `from` and before `end`. */
async function nextRecord(handle: FileHandle, from: number, end: number) {
  const window = Buffer.allocUnsafe(WINDOW);
  for (let position = from; position < end; position += WINDOW - OVERLAP) {
    const { bytesRead } = await handle.read(window, 0, WINDOW, position);
    const found = /\n\{"seq":(\d{1,15}),/.exec(window.toString('latin1', 0, bytesRead));
    if (!found) continue;
    const offset = position + found.index + 1;
    return offset < end ? { offset, seq: Number(found[1]) } : undefined;
  }
  return undefined;
}

/** Where the lines begin, last one first. */
function linesBackwards(data: Buffer, first: number, needles: readonly string[] | undefined): number[] {
  const starts = new Set<number>();
  if (!needles) {
    for (let at = first; at < data.length;) {
      starts.add(at);
      const end = data.indexOf(NEWLINE, at);
      at = end < 0 ? data.length : end + 1;
    }
  }
  for (const needle of needles ?? []) {
    for (let at = data.indexOf(needle, first); at >= 0;) {
      starts.add(data.lastIndexOf(NEWLINE, at) + 1);
      const end = data.indexOf(NEWLINE, at);
      at = end < 0 ? -1 : data.indexOf(needle, end);
    }
  }
  return [...starts].sort((a, b) => b - a);
}

async function readAll(handle: FileHandle, into: Buffer, position: number): Promise<boolean> {
  for (let done = 0; done < into.length;) {
    const { bytesRead } = await handle.read(into, done, into.length - done, position + done);
    if (bytesRead === 0) return false;
    done += bytesRead;
  }
  return true;
}
