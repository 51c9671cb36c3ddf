import assert from 'node:assert/strict';
import { mkdir, rmdir, writeFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { added, given, givenAll, released } from './history.ts';
import { type Files, Place, type Session } from './place.ts';
import { JournalText } from './text.ts';
import { acceptingFamilies } from '../../support/families.ts';

/** Events of a snapshot that would take a second to write. */
const ENDLESS = 300_000;
const SMALL = { compactBytes: 1500, compactRatio: 0.5 };

/** Commits in a stream of 8 that never waits for a compaction, and releases again. */
async function stream(session: Session, rounds: number): Promise<number> {
  let events = 0;
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let round = 0; round < rounds; round++) {
      const n = 10 + lane * 100 + round;
      await session.commit(given(n));
      events++;
      if (round % 3 === 0) continue;
      await session.commit(released(n), given(n, 'again'));
      events += 2;
    }
  });
  await Promise.all(lanes);
  return events;
}

describe('journal: compaction', () => {
  it('happens while commits go on, and changes nothing that can be seen', async (t) => {
    const place = await Place.make(t);
    const session = await place.open(SMALL);
    await session.commit(added);
    const compacted = session.compacted();
    const events = await stream(session, 40);
    await compacted;
    await session.close();
    assert.ok(session.logs.filter((message) => message === 'journal compacted').length >= 2);
    assert.deepEqual(session.fatal, []);

    const again = await place.open();
    assert.deepEqual(again.state(), session.state());
    await again.close();

    // Numbers without a gap, in every journal that is kept and from one to the next.
    const journals = journalsOf(await place.files());
    for (const [i, { base, text }] of journals.entries()) {
      assert.deepEqual(
        text.records.map(({ seq }) => seq),
        text.records.map((_, at) => base + 1 + at),
      );
      const next = journals[i + 1];
      if (next) assert.equal(text.records.at(-1)?.seq ?? base, next.base);
      else assert.equal(text.records.at(-1)?.seq ?? base, events + 1);
    }
  });

  it('keeps the generation before, and makes history of the journals before that', async (t) => {
    const place = await Place.make(t);
    const generations: string[][] = [];
    for (const event of [added, given(2), given(3), given(4)]) {
      await place.compact(event);
      generations.push(
        [...(await place.files()).keys()].filter((name) => name !== 'LOCK' && !name.endsWith('.index.json')),
      );
    }
    const generation = (seq: number) => [`journal-${seq}.jsonl`, `snapshot-${seq}.json`];
    assert.deepEqual(generations, [
      ['journal-0.jsonl', ...generation(1)],
      ['history-0.jsonl', ...generation(1), ...generation(2)].sort(),
      ['history-0.jsonl', 'history-1.jsonl', ...generation(2), ...generation(3)].sort(),
      ['history-0.jsonl', 'history-1.jsonl', 'history-2.jsonl', ...generation(3), ...generation(4)].sort(),
    ]);
  });

  it('waits until the journal outweighs the snapshot', async (t) => {
    const place = await Place.make(t);
    const session = await place.open({ compactBytes: 1, compactRatio: 3 });
    let compacted = session.compacted();
    await session.commit(added, ...givenAll(2, 40));
    await compacted;
    const size = (await place.files()).get('snapshot-40.json')!.length;
    compacted = session.compacted();
    let written = 0;
    for (let n = 100; !session.logs.slice(2).includes('journal compacted'); n++) {
      assert.ok(written < size * 4, 'it compacts in the end');
      await session.commit(given(n));
      written += 170;
    }
    await compacted;
    assert.ok(written > size * 2, `after ${written} bytes behind a snapshot of ${size}`);
  });

  it('counts what is behind the snapshot after a restart, too', async (t) => {
    const place = await Place.make(t);
    const before = await place.open();
    await before.commit(added, ...givenAll(2, 40));
    await before.close();
    const session = await place.open(SMALL);
    const compacted = session.compacted();
    await session.commit(given(100));
    await compacted;
    assert.ok((await place.files()).has('snapshot-41.json'));
  });

  it('finishes before close does', async (t) => {
    const place = await Place.make(t);
    const session = await place.open({ compactBytes: 1, compactRatio: 0 });
    const commit = session.commit(added, ...givenAll(2, 400));
    await commit;
    await session.close();
    const names = [...(await place.files()).keys()];
    assert.ok(!names.some((name) => name.endsWith('.tmp')), names.join());
  });

  it('is given up by a close, and loses nothing', async (t) => {
    const place = await Place.make(t);
    let written = 0;
    const endless = function* () {
      while (written < ENDLESS) {
        written++;
        yield added;
      }
    };
    const session = await place.open({ compactBytes: 1, compactRatio: 0, families: acceptingFamilies(endless) });
    await session.commit(added, given(2));
    await session.commit(given(3)); // comes behind the rotation: the snapshot is being written now
    await session.close();
    assert.ok(written < ENDLESS, 'the snapshot was not finished');
    assert.deepEqual(session.fatal, []);
    assert.ok(!(await place.files()).has('snapshot-2.json'));

    const again = await place.open();
    assert.deepEqual(again.state(), session.state());
    assert.equal(again.pool.network('default').allocated, 2n);
  });

  it('that fails for another reason than room ends the journal, and loses nothing', async (t) => {
    const place = await Place.make(t);
    const session = await place.open({ compactBytes: 1, compactRatio: 0 });
    await mkdir(place.path('journal-1.jsonl.tmp')); // where the new journal would be written
    await session.commit(added);
    const second = session.commit(given(2)); // comes while the new journal is being made
    await assert.rejects(second, { code: 'store_unavailable' });
    assert.deepEqual(
      session.fatal.map(({ code }) => code),
      ['data_io'],
    );
    assert.equal(session.journal.health().writable, false);
    await assert.rejects(session.commit(given(3)), { code: 'store_unavailable' });
    await session.close();

    await rmdir(place.path('journal-1.jsonl.tmp'));
    assert.deepEqual((await place.open()).state(), session.state());
  });
});

describe('journal: what an unfinished compaction left', () => {
  it('is deleted at a start, and only that', async (t) => {
    const place = await Place.make(t);
    const session = await place.open();
    await session.commit(added);
    await session.close();
    await writeFile(place.path('notes.txt'), 'mine');
    const before = await place.files();
    for (const name of ['journal-9.jsonl.tmp', 'snapshot-9.json.tmp', 'x.tmp']) await writeFile(place.path(name), '{');
    await (await place.open()).close();
    assert.deepEqual(await place.files(), before);
  });
});

function journalsOf(files: Files): { base: number; text: JournalText }[] {
  return [...files]
    .flatMap(([name, bytes]) => {
      const base = /^journal-(\d+)\.jsonl$/.exec(name)?.[1];
      return base === undefined ? [] : [{ base: Number(base), text: new JournalText(bytes) }];
    })
    .sort((a, b) => a.base - b.base);
}
