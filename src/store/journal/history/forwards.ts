import type { FileHandle } from 'node:fs/promises';
import { isRecord, type JournalRecord, unseal } from '../codec/format.ts';
import { offsetOf } from './file.ts';

const NEWLINE = 0x0a;
const CHUNK = 1 << 16;

/**
 * The commits of a journal behind a record, oldest first. Stops at the first record that cannot be read or that leaves a gap;
 * whoever reads sees that by the number of the last record.
 *
 * @param after number of the last record before the first commit
 * @param end where to stop: a line ends there
 */
export async function* commitsAfter(handle: FileHandle, after: number, end: number): AsyncGenerator<JournalRecord[]> {
  // The search may stop up to a chunk too far, and further behind a very long line: then all of the file is read.
  const near = Math.max(0, (await offsetOf(handle, after + 1, end, CHUNK)) - 2 * CHUNK);
  for (const from of near > 0 ? [near, 0] : [0]) {
    let seq = after;
    let commit: JournalRecord[] = [];
    let isEarly = false; // whether reading began before the first commit
    for await (const record of recordsForwards(handle, from, end)) {
      if (record.seq <= seq + 1) isEarly = true;
      if (record.seq <= after) continue;
      if (record.seq !== seq + 1) break;
      seq = record.seq;
      commit.push(record);
      if (record.more) continue;
      yield commit;
      commit = [];
    }
    if (isEarly) return;
  }
}

/** Skips what is no record: the header, and the rest of the line in which it begins. */
async function* recordsForwards(handle: FileHandle, from: number, end: number): AsyncGenerator<JournalRecord> {
  let rest = Buffer.alloc(0);
  for (let position = from; position < end;) {
    const chunk = Buffer.allocUnsafe(Math.min(CHUNK, end - position));
    const { bytesRead } = await handle.read(chunk, 0, chunk.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    const data = Buffer.concat([rest, chunk.subarray(0, bytesRead)]);
    let start = 0;
    for (let line = data.indexOf(NEWLINE); line >= 0; line = data.indexOf(NEWLINE, start)) {
      const value = unseal(data.subarray(start, line))?.value;
      start = line + 1;
      if (value && isRecord(value)) yield value;
    }
    rest = data.subarray(start);
  }
}
