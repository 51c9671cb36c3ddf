import { hex32 } from '../../../net/hex.ts';
import { PoolError } from '../../../errors.ts';
import type { Contents, Numbered } from '../folder.ts';
import { type Header, missingRecords, unseal } from '../codec/format.ts';
import { linesOf } from '../codec/lines.ts';
import { scanJournal } from '../scan.ts';

/** Notes where and why a segment of the history is not as it was written. */
type Note = (file: string, offset: number, rule: string, what: string) => void;

/**
 * Checks that each segment of the history is complete and continues the one before it. A start does not read them, so damage
 * here is a note and stops nothing. Returns the number of records.
 */
export async function verifyHistory({ segments, journals }: Contents, note: Note): Promise<number> {
  let records = 0;
  let before: { seq: number; crc: number } | undefined;
  const continues = (file: string, { base, prev }: Header) => {
    if (!before) return;
    if (base !== before.seq) note(file, 0, 'history', missingRecords(before.seq + 1, base, ' of the history'));
    else if (prev !== hex32(before.crc)) note(file, 0, 'history', 'it does not continue the history before it');
  };
  for (const { path, name, seq } of segments) {
    try {
      const end = await scanJournal(path, seq, {
        header: (header) => {
          if (header.base !== seq)
            note(name, 0, 'history', `its header says that it begins after record ${header.base}`);
          continues(name, header);
        },
        commit: (commit) => {
          records += commit.length;
          return undefined;
        },
        damage: ({ offset, what }) => note(name, offset, 'history', what),
      });
      if (end.length !== end.end) note(name, end.end, 'history', 'its end cannot be read');
      before = end;
    } catch (error) {
      note(name, 0, 'history', error instanceof PoolError ? error.message : `it cannot be read: ${String(error)}`);
      before = undefined;
    }
  }
  const next = journals[0];
  const header = next && before && (await headerOf(next));
  if (header) continues(next.name, header);
  return records;
}

/** The header of a journal as far as it can be read; it is verified elsewhere. */
async function headerOf({ path }: Numbered): Promise<Header | undefined> {
  for await (const { bytes } of linesOf(path)) return unseal(bytes)?.value as unknown as Header | undefined;
  return undefined;
}
