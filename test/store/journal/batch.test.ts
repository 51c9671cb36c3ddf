import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { added, given, givenAll, released } from './history.ts';
import { Place } from './place.ts';
import { JournalText } from './text.ts';

// Group commit: who comes while one sync runs rides the next one, together.

const NAME = 'journal-0.jsonl';

describe('journal: group commit', () => {
  it('writes 500 commits that come at once with two or three syncs', async (t) => {
    const place = await Place.make(t);
    const session = await place.open();
    await session.commit(added);
    // The first starts a batch of its own; all others come while that one is on its way.
    await Promise.all(givenAll(2, 501).map((event) => session.commit(event)));
    const { records } = await JournalText.read(place.path(NAME));
    assert.equal(records.length, 501);
    const batches = new Set(records.map(({ g }) => g));
    assert.ok(batches.size <= 3, `${batches.size} batches`);
  });

  it('lets nobody wait who comes alone', async (t) => {
    const place = await Place.make(t);
    const session = await place.open();
    await session.commit(added);
    for (const event of givenAll(2, 6)) await session.commit(event);
    const { records } = await JournalText.read(place.path(NAME));
    assert.deepEqual(
      records.map(({ g }) => g),
      records.map(({ offset }) => offset),
    );
  });

  it('numbers records without a gap and marks all of a commit but its last', async (t) => {
    const place = await Place.make(t);
    const session = await place.open();
    await session.commit(added, given(2), given(3));
    await Promise.all([session.commit(given(4)), session.commit(released(2), given(5)), session.commit(given(6))]);
    const { records } = await JournalText.read(place.path(NAME));
    assert.deepEqual(
      records.map(({ seq, more }) => [seq, more]),
      [
        [1, true],
        [2, true],
        [3, false],
        [4, false],
        [5, true],
        [6, false],
        [7, false],
      ],
    );
  });

  it('names in g where the batch began, never a byte that was not synced', async (t) => {
    const place = await Place.make(t);
    const session = await place.open();
    const lanes = Array.from({ length: 6 }, async (_, lane) => {
      for (let n = 0; n < 20; n++) await session.commit(given(2 + lane * 20 + n), released(2 + lane * 20 + n));
    });
    await Promise.all([session.commit(added), ...lanes]);
    const { records } = await JournalText.read(place.path(NAME));
    let batch = records[0]!.offset;
    for (const { g, offset } of records) {
      assert.ok(g === batch || g === offset, `record at ${offset} names ${g}`);
      batch = g;
    }
  });

  it('goes on numbering after a restart', async (t) => {
    const place = await Place.make(t);
    for (const event of [added, ...givenAll(2, 6)]) {
      const session = await place.open();
      await session.commit(event);
      await session.close();
    }
    const { records } = await JournalText.read(place.path(NAME));
    assert.deepEqual(
      records.map(({ seq }) => seq),
      [1, 2, 3, 4, 5, 6],
    );
  });
});
