import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { rename, unlink, writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { repairFolder } from '../../../../src/store/journal/repair.ts';
import { verifyFolder } from '../../../../src/store/journal/verify.ts';
import { found } from '../../history.conformance.ts';
import { added, given, givenAll } from '../history.ts';
import { Place } from '../place.ts';
import { history, names, spoil, tidied } from '../segments.ts';
import { familiesOf } from '../../../support/families.ts';

describe('journal verify and repair: the history', () => {
  /** Sound in the eyes of a pool: history-0, history-5, history-10; journal-15 and journal-20. */
  async function sound(t: TestContext) {
    const place = await Place.make(t);
    await place.compact(added, ...givenAll(2, 5));
    for (const first of [6, 11, 16]) await place.compact(...givenAll(first, first + 4));
    await tidied(place);
    return place;
  }

  it('is sound, and counted', async (t) => {
    const place = await sound(t);
    const { findings, files, records } = await verifyFolder(place.dir, familiesOf());
    assert.deepEqual(findings, []);
    assert.deepEqual({ files, records }, { files: 7, records: 20 });
  });

  const faults: readonly [string, (place: Place) => Promise<void>, string][] = [
    ['a changed byte', (place) => change(place, 'history-5.jsonl', '"vm7"', '"vm8"'), 'history-5.jsonl'],
    ['a spoiled header', (place) => spoil(place, 'history-0.jsonl'), 'history-0.jsonl'],
    ['a cut end', (place) => change(place, 'history-5.jsonl', /.{20}\n$/, ''), 'history-5.jsonl'],
    ['a segment that is missing', (place) => unlink(place.path('history-5.jsonl')), 'history-10.jsonl'],
    ['a newest segment that is missing', (place) => unlink(place.path('history-10.jsonl')), 'journal-15.jsonl'],
    ['a segment of a later release', (place) => change(place, 'history-0.jsonl', '"v":3', '"v":4'), 'history-0.jsonl'],
    ['a segment in the place of another', (place) => swap(place), 'history-5.jsonl'],
  ];
  for (const [what, spoilIt, file] of faults) {
    it(`notes ${what}, which stops no start and which repair leaves alone`, async (t) => {
      const place = await sound(t);
      await spoilIt(place);
      const { findings } = await verifyFolder(place.dir, familiesOf());
      assert.ok(findings.some((finding) => finding.file === file && finding.rule === 'history'));
      assert.deepEqual(
        findings.filter(({ damage }) => damage),
        [],
      );
      const before = await place.files();
      assert.deepEqual(await repairFolder(place.dir, familiesOf(), false, 'now'), { done: [], lost: [] });
      assert.deepEqual(await place.files(), before);
      const session = await place.open();
      await session.commit(given(100));
      await session.close();
    });
  }

  it('notes a segment of another folder, sound in itself', async (t) => {
    const place = await sound(t);
    const other = await Place.make(t);
    await other.compact(added, given(2, 'other'), ...givenAll(3, 5));
    await writeFile(place.path('history-0.jsonl'), readFileSync(other.path('journal-0.jsonl')));
    assert.deepEqual(
      (await verifyFolder(place.dir, familiesOf())).findings.map(({ file, rule, damage }) => [file, rule, damage]),
      [['history-5.jsonl', 'history', false]],
    );
  });

  it('is silent about what is older than it has to be kept', async (t) => {
    const place = await sound(t);
    await unlink(place.path('history-0.jsonl'));
    assert.deepEqual((await verifyFolder(place.dir, familiesOf())).findings, []);
  });

  it('leaves it alone when it repairs what is damaged', async (t) => {
    const place = await sound(t);
    const before = await place.files();
    const snapshot = [...before.keys()].filter((name) => name.startsWith('snapshot-')).at(-1)!;
    await spoil(place, snapshot);
    await repairFolder(place.dir, familiesOf(), false, 'now');
    const after = await place.files();
    for (const name of await names(place)) assert.deepEqual(after.get(name), before.get(name), name);
    assert.deepEqual(
      (await found(await history(place), {})).filter((n) => n <= 10),
      [10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
    );
  });
});

async function change(place: Place, name: string, from: string | RegExp, to: string): Promise<void> {
  const text = readFileSync(place.path(name), 'utf8');
  assert.notEqual(text.replace(from, to), text);
  await writeFile(place.path(name), text.replace(from, to));
}

async function swap(place: Place): Promise<void> {
  await rename(place.path('history-0.jsonl'), place.path('history-5.jsonl'));
}
