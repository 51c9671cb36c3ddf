import assert from 'node:assert/strict';
import { truncate, writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { added, given, givenAll, released, updated } from './history.ts';
import { Place } from './place.ts';
import { JournalText, read } from './text.ts';

// What a crash during an append can leave behind. It is cut off and kept as a copy; nothing before it is touched.

const NAME = 'journal-0.jsonl';
const BLOCK = 512;

/** Some batches that were synced, and a last one of several commits, one of them of several events. */
async function written(t: TestContext) {
  const place = await Place.make(t);
  const session = await place.open();
  await session.commit(added);
  await Promise.all([session.commit(given(2)), session.commit(given(3), given(4)), session.commit(given(5))]);
  await Promise.all([
    session.commit(given(6)),
    session.commit(given(7)),
    session.commit(released(2), given(8), updated(8, 'db'), released(3)),
    session.commit(given(9)),
  ]);
  await session.close();
  const text = await JournalText.read(place.path(NAME));
  assert.equal(text.records.filter(({ g }) => g === text.lastBatch).length, 7, 'they rode together');
  assert.equal(text.records.filter(({ more }) => more).length, 4, 'commits of several events');
  return { place, text };
}

/** A last batch of several blocks. */
async function writtenLarge(t: TestContext) {
  const place = await Place.make(t);
  const session = await place.open();
  await session.commit(added);
  for (const n of [2, 3, 4]) await session.commit(...givenAll(n * 10, n * 10 + 4));
  await Promise.all([session.commit(given(5)), ...givenAll(60, 79).map((event) => session.commit(event))]);
  await session.close();
  return { place, text: await JournalText.read(place.path(NAME)) };
}

describe('journal: a last batch that is cut off', () => {
  it('loses nothing before it and no half of a commit, and keeps a copy', async (t) => {
    const { place, text } = await written(t);
    // Around every end of a line, and every seventh byte between: a start takes ten milliseconds.
    const lineEnds = text.records.map(({ end }) => end);
    const cuts = Array.from({ length: text.bytes.length - text.lastBatch + 1 }, (_, i) => text.lastBatch + i);
    for (const cut of cuts.filter((at) => at % 7 === 0 || lineEnds.some((end) => Math.abs(at - end) <= 1))) {
      const bytes = text.bytes.subarray(0, cut);
      const sound = text.soundEnd(cut);
      await place.restore(new Map([[NAME, bytes]]));
      const session = await place.open();
      assert.deepEqual(session.state(), text.stateAt(cut), `cut at ${cut}`);

      const files = await place.files();
      const copies = [...files].filter(([name]) => name.includes('.torn-'));
      assert.deepEqual(files.get(NAME), text.bytes.subarray(0, sound));
      assert.deepEqual(
        copies.map(([, copy]) => copy),
        cut === sound ? [] : [bytes.subarray(sound)],
        `copy at ${cut}`,
      );

      await session.commit(given(99));
      await session.close();
      const after = await read(place);
      assert.equal(after.torn, false);
      assert.deepEqual(after.state, session.state());
    }
  });

  it('is read the same at every cut of its last records, and at every fifth before them', async (t) => {
    const { place, text } = await written(t);
    const last = text.records.at(-5)!.offset;
    for (let cut = text.bytes.length; cut >= text.headerEnd; cut -= cut > last ? 1 : 5) {
      await truncate(place.path(NAME), cut);
      const { state, torn, end } = await read(place);
      assert.deepEqual(state, text.stateAt(cut), `cut at ${cut}`);
      assert.equal(end, text.soundEnd(cut));
      assert.equal(torn, text.soundEnd(cut) !== cut);
    }
  });

  it('is never the header: that was made under another name first', async (t) => {
    const { place, text } = await written(t);
    for (let cut = text.headerEnd - 1; cut >= 0; cut--) {
      await truncate(place.path(NAME), cut);
      await assert.rejects(read(place), { code: 'data_corrupt' }, `cut at ${cut}`);
    }
  });
});

describe('journal: blocks that never reached the disk', () => {
  it('are a torn end when they lie in the last batch, whatever stands behind them', async (t) => {
    const { place, text } = await writtenLarge(t);
    const { bytes, lastBatch } = text;
    const starts = [lastBatch, ...boundaries(bytes.length).filter((at) => at > lastBatch)];
    assert.ok(starts.length >= 5, 'the last batch has several blocks');
    for (const [i, first] of starts.entries()) {
      for (let j = i + 1; j <= starts.length; j++) {
        const last = starts[j] ?? bytes.length;
        await writeFile(place.path(NAME), Buffer.from(bytes).fill(0, first, last));
        const { state, torn } = await read(place);
        assert.ok(torn, `zeros from ${first} to ${last}`);
        assert.deepEqual(state, text.stateAt(first), `zeros from ${first} to ${last}`);
      }
    }
  });

  it('are a torn end also when the file was made longer than what was written', async (t) => {
    const { place, text } = await writtenLarge(t);
    for (const length of [1, 511, 512, 4096, 9000]) {
      await writeFile(place.path(NAME), Buffer.concat([text.bytes, Buffer.alloc(length)]));
      const session = await place.open();
      assert.deepEqual(session.state(), text.stateAt(text.bytes.length));
      await session.close();
      assert.deepEqual((await place.files()).get(NAME), text.bytes);
    }
  });

  it('are damage when they lie in an earlier batch, or reach into one', async (t) => {
    const { place, text } = await writtenLarge(t);
    const blocks = boundaries(text.bytes.length).filter((at) => at < text.lastBatch);
    assert.ok(blocks.length >= 4);
    for (const first of blocks) {
      const damaged = Buffer.from(text.bytes).fill(0, first, first + BLOCK);
      await writeFile(place.path(NAME), damaged);
      await assert.rejects(place.open(), (error: { code: string; details: { file: string; offset: number } }) => {
        assert.equal(error.code, 'data_corrupt');
        assert.equal(error.details.file, NAME);
        assert.equal(error.details.offset, first === 0 ? 0 : text.lineAt(first));
        return true;
      });
      assert.deepEqual((await place.files()).get(NAME), damaged);
    }
  });
});

function boundaries(length: number): number[] {
  return Array.from({ length: Math.ceil(length / BLOCK) }, (_, i) => i * BLOCK);
}
