import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { added, given, givenAll, released } from './history.ts';
import { type Files, Place } from './place.ts';

// A crash at each step of a compaction. The folder reads the same at each, and the journal goes on from there.

interface Step {
  readonly what: string;
  readonly files: Files;
}

const JOURNAL = /^journal-\d+\.jsonl$/;
const SNAPSHOT = /^snapshot-\d+\.json$/;

/** The newest file of a kind: the one with the largest number. */
function newest(files: Files, kind: RegExp): string {
  const names = [...files.keys()].filter((name) => kind.test(name));
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1)!;
}

/** The folder at every step from one generation to the next, made from what stands there before and after it. */
function stepsOf(before: Files, after: Files): Step[] {
  const fresh = [...after.keys()].filter((name) => !before.has(name));
  const journal = fresh.find((name) => JOURNAL.test(name))!;
  const snapshot = fresh.find((name) => SNAPSHOT.test(name))!;
  const dropped = [...before.keys()].filter((name) => !after.has(name)).sort();
  const steps: Step[] = [{ what: 'before it began', files: before }];
  let files = before;
  // Each new file is written under a temporary name, synced, renamed; in this order.
  for (const name of [journal, snapshot]) {
    const bytes = after.get(name)!;
    for (const length of [0, 1, Math.floor(bytes.length / 2), bytes.length - 1, bytes.length]) {
      const tmp: Files = new Map([...files, [`${name}.tmp`, bytes.subarray(0, length)]]);
      steps.push({ what: `${name}.tmp has ${length} bytes`, files: tmp });
    }
    files = new Map([...files, [name, bytes]]);
    steps.push({ what: `${name} has its name`, files });
  }
  for (const name of dropped) {
    const history = name.replace('journal-', 'history-');
    const renamed: [string, Buffer][] = JOURNAL.test(name) ? [[history, before.get(name)!]] : [];
    files = new Map([...files].filter(([other]) => other !== name).concat(renamed));
    steps.push({ what: `${name} is ${renamed.length > 0 ? history : 'gone'}`, files });
  }
  for (const name of fresh.filter((other) => other.endsWith('.index.json'))) {
    steps.push({ what: `${name} is being written`, files: new Map([...files, [`${name}.tmp`, Buffer.from('{')]]) });
    files = new Map([...files, [name, after.get(name)!]]);
    steps.push({ what: `${name} has its name`, files });
  }
  assert.deepEqual([...files.keys()].sort(), [...after.keys()].sort());
  return steps;
}

/** From a crash at a step: the state, then a commit, a whole compaction and another start. */
async function survives(place: Place, { what, files }: Step, state: readonly string[]): Promise<void> {
  await place.restore(files);
  const first = await place.open();
  assert.deepEqual(first.state(), state, what);
  await first.commit(given(500));
  await first.close();
  assert.ok(![...(await place.files()).keys()].some((name) => name.endsWith('.tmp')), what);

  await place.compact(given(501));
  const second = await place.open();
  await second.commit(released(500), released(501));
  await second.close();
  const third = await place.open();
  assert.deepEqual(third.state(), second.state(), what);
  await third.close();
}

async function folders(t: TestContext, generations: number) {
  const place = await Place.make(t);
  await place.compact(added);
  for (let i = 1; i < generations - 1; i++) await place.compact(...givenAll(i * 10, i * 10 + 5));
  const session = await place.open();
  await session.commit(...givenAll(100, 105));
  await session.commit(released(101));
  await session.close();
  const before = await place.files();
  await place.compact(given(106));
  const last = await place.open();
  const after = await place.files();
  await last.close();
  return { place, before, after, state: last.state() };
}

describe('journal: a crash in a compaction', () => {
  for (const generations of [2, 3, 4]) {
    it(`into generation ${generations} loses nothing, at any step`, async (t) => {
      const { place, before, after, state } = await folders(t, generations);
      // What was committed last stands in the old journal until it is compacted: give the states before it that, too.
      const old = newest(before, JOURNAL);
      const complete: Files = new Map([...before, [old, after.get(old)!]]);
      for (const step of stepsOf(complete, after)) await survives(place, step, state);
    });
  }

  it('loses nothing when commits went on in the new journal before its snapshot was there', async (t) => {
    const { place, after } = await folders(t, 3);
    await place.restore(after);
    const session = await place.open();
    await session.commit(given(200), released(102));
    await session.commit(given(201));
    await session.close();
    const files = await place.files();
    const snapshot = newest(files, SNAPSHOT);
    const without = [...files].filter(([name]) => name !== snapshot);
    const half = files.get(snapshot)!.subarray(0, 100);
    await survives(place, { what: 'no snapshot', files: new Map(without) }, session.state());
    await survives(
      place,
      { what: 'half a snapshot', files: new Map([...without, [`${snapshot}.tmp`, half]]) },
      session.state(),
    );
  });

  it('loses nothing when no compaction ever gets to its snapshot again: the chain of journals grows', async (t) => {
    const place = await Place.make(t);
    await place.compact(added);
    let kept = await place.files();
    for (let n = 10; n < 16; n++) {
      await place.compact(given(n));
      const journals = [...(await place.files())].filter(([name]) => JOURNAL.test(name));
      kept = new Map([...kept, ...journals]);
      await place.restore(kept);
      const session = await place.open();
      assert.equal(session.pool.network('default').allocated, BigInt(n - 9));
      await session.close();
    }
    assert.equal([...kept.keys()].filter((name) => JOURNAL.test(name)).length, 8);
  });
});
