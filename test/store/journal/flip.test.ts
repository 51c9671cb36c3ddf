import assert from 'node:assert/strict';
import { closeSync, openSync, writeSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { PoolError } from '../../../src/errors.ts';
import { encodeHeader, encodeRecord } from '../../../src/store/journal/codec/format.ts';
import { scanJournal } from '../../../src/store/journal/scan.ts';
import { SEED } from '../../faults/random.ts';
import { added, given, givenAll, released, updated } from './history.ts';
import { Place } from './place.ts';
import { JournalText, read } from './text.ts';

// One byte that is not as it was written. Whatever was acknowledged is there after a start, or there is no start.

const CHANGES: readonly [string, (byte: number) => number][] = [
  ['^ 0x01', (byte) => byte ^ 0x01],
  ['^ 0x20', (byte) => byte ^ 0x20],
  ['^ 0x80', (byte) => byte ^ 0x80],
  ['= NUL', () => 0],
  ['= LF', () => 0x0a],
  ['= CR', () => 0x0d],
];

/** Changes every byte of a file in turn, each in one of the ways (the next run may try another), and hands over what became of it. */
async function everyFlip(
  path: string,
  bytes: Buffer,
  visit: (offset: number, how: string) => Promise<void>,
): Promise<void> {
  const fd = openSync(path, 'r+');
  try {
    for (let offset = 0; offset < bytes.length; offset++) {
      const [how, change] = CHANGES[(offset + SEED) % CHANGES.length]!;
      const changed = change(bytes[offset]!);
      if (changed === bytes[offset]) continue;
      writeSync(fd, Buffer.of(changed), 0, 1, offset);
      await visit(offset, how);
      writeSync(fd, bytes, offset, 1, offset);
    }
  } finally {
    closeSync(fd);
  }
}

async function refusal(place: Place, label: string): Promise<PoolError | undefined> {
  try {
    await read(place);
    return undefined;
  } catch (error) {
    assert.ok(error instanceof PoolError, `${label}: ${String(error)}`);
    assert.equal(error.code, 'data_corrupt', label);
    return error;
  }
}

/**
 * A journal as a failed compaction leaves it, and after it a last batch of several commits:
 * journal-0, snapshot-9 and journal-9, journal-12.
 */
async function written(t: TestContext) {
  t.diagnostic(`IPPOOL_SEED=${SEED}`);
  const place = await Place.make(t);
  await place.compact(added, ...givenAll(2, 6), updated(6, 'web'), released(3), given(3));
  const next = await place.open();
  await next.commit(given(10), given(11));
  await next.commit(given(12));
  await next.close();
  const base = [...(await place.files()).keys()].filter((name) => name.startsWith('journal-'));
  assert.deepEqual(base, ['journal-0.jsonl', 'journal-9.jsonl']);

  const middle = new JournalText((await place.files()).get('journal-9.jsonl')!);
  const crc = Number.parseInt(/"crc":"(\w{8})"\}\n$/.exec(middle.bytes.toString())![1]!, 16);
  await writeFile(place.path('journal-12.jsonl'), encodeHeader(12, crc, 'now').line);
  const last = await place.open();
  await last.commit(given(13));
  await Promise.all([last.commit(given(14)), last.commit(given(15), released(2)), last.commit(given(16, 'db'))]);
  await last.close();
  return { place, files: await place.files(), state: last.state() };
}

describe('journal: a byte that changed', () => {
  for (const name of ['journal-9.jsonl', 'journal-12.jsonl']) {
    it(`is found in ${name}, with the line that it is in`, async (t) => {
      const { place, files } = await written(t);
      const text = new JournalText(files.get(name)!);
      await everyFlip(place.path(name), text.bytes, async (offset, how) => {
        const label = `${name} byte ${offset} ${how}`;
        const error = await refusal(place, label);
        // Nothing in these files has the shape of a torn write by chance: see below for those that may have.
        assert.ok(error, `${label} went unnoticed`);
        assert.equal(error.details.file, name, label);
        assert.equal(error.details.offset, text.lineAt(offset), label);
      });
    });
  }

  it('is found in a snapshot', async (t) => {
    const { place, files } = await written(t);
    const name = 'snapshot-9.json';
    await everyFlip(place.path(name), files.get(name)!, async (offset, how) => {
      const error = await refusal(place, `${name} byte ${offset} ${how}`);
      assert.equal(error?.details.file, name, `${name} byte ${offset} ${how} went unnoticed`);
    });
  });

  it('does no harm in the generation before, which is not read', async (t) => {
    const { place, files, state } = await written(t);
    const bytes = files.get('journal-0.jsonl')!;
    for (let offset = 0; offset < bytes.length; offset += 97) {
      await writeFile(place.path('journal-0.jsonl'), Buffer.from(bytes).fill(0, offset, offset + 1));
      assert.deepEqual((await read(place)).state, state);
    }
  });

  it('hides no other record of its batch from those who want to see all that is left', async (t) => {
    const place = await Place.make(t);
    const session = await place.open();
    await session.commit(added);
    await Promise.all(givenAll(2, 7).map((event) => session.commit(event)));
    await session.close();
    const path = place.path('journal-0.jsonl');
    const text = await JournalText.read(path);
    const rotten = text.records.findIndex(({ g }) => g === text.lastBatch);
    const { offset, end } = text.records[rotten]!;
    for (const at of [offset + 30, end - 1]) {
      const damaged = Buffer.from(text.bytes);
      damaged[at] = damaged[at]! ^ 0x01;
      await writeFile(path, damaged);
      const seen: number[] = [];
      const damages: number[] = [];
      await scanJournal(path, 0, {
        header: () => undefined,
        commit: (records) => void seen.push(...records.map(({ seq }) => seq)),
        damage: (damage) => damages.push(damage.offset),
      });
      // A newline that changed makes one line of two records.
      const hidden = at === end - 1 ? 2 : 1;
      const expected = text.records.map(({ seq }) => seq);
      expected.splice(rotten, hidden);
      assert.deepEqual(seen, expected);
      assert.deepEqual(damages, [offset]);
    }
  });

  it('stops a start, which changes nothing', async (t) => {
    const { place, files } = await written(t);
    for (const name of ['journal-9.jsonl', 'journal-12.jsonl', 'snapshot-9.json']) {
      const bytes = files.get(name)!;
      for (let offset = 0; offset < bytes.length; offset += 61) {
        const damaged = Buffer.from(bytes);
        damaged[offset] = bytes[offset]! ^ 0x01;
        const before = new Map([...files, [name, damaged]]);
        await place.restore(before);
        await assert.rejects(place.open(), { code: 'data_corrupt' });
        assert.deepEqual(await place.files(), before);
      }
    }
  });
});

describe('journal: a byte that became zero in the last batch', () => {
  // Zeros from one block boundary to the next are a torn write. One byte can be that by chance, in two places only.
  it('is damage wherever it is, but for the two places where a crash leaves just that', async (t) => {
    const place = await Place.make(t);
    await place.restore(new Map());
    const path = place.path('journal-0.jsonl');
    let alike = 0;
    for (let padding = 1; padding <= 512; padding++) {
      const text = journalOf(padding);
      const { offset: line, end } = text.records.at(-1)!;
      const suspects = [line, end - 2, end - 1].filter((at) => at % 512 === 0 || (at + 1) % 512 === 0);
      if (padding % 16 === 0) suspects.push(line + 1, line + 200);
      for (const offset of suspects) {
        await writeFile(path, Buffer.from(text.bytes).fill(0, offset, offset + 1));
        const startOfWrite = offset === line && (offset + 1) % 512 === 0;
        const endOfFile = offset === end - 1 && offset % 512 === 0;
        if (startOfWrite || endOfFile) alike++;
        else assert.ok(await refusal(place, `padding ${padding}`), `padding ${padding}: byte ${offset} went unnoticed`);
      }
    }
    assert.equal(alike, 2);
  });
});

/** A journal whose last batch is one record, moved through a block by what stands before it, and as long as a block. */
function journalOf(padding: number): JournalText {
  const header = encodeHeader(0, 0, 'now');
  const lines = [header.line];
  let chain = header.crc;
  let length = header.line.length;
  [added, given(2, 'x'.repeat(padding)), given(3, 'y'.repeat(300))].forEach((event, i) => {
    const { line, crc } = encodeRecord(i + 1, event, false, length, chain);
    lines.push(line);
    chain = crc;
    length += line.length;
  });
  return new JournalText(Buffer.from(lines.join('')));
}
