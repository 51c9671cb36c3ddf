import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { PoolFamily } from '../../../src/pool/family.ts';
import { Families, type DomainEvent } from '../../../src/store/families.ts';
import { load } from '../../../src/store/journal/offline.ts';
import { repairFolder } from '../../../src/store/journal/repair.ts';
import { verifyFolder } from '../../../src/store/journal/verify.ts';
import { familiesOf } from '../../support/families.ts';
import { NoteFamily, noted } from '../note-family.ts';
import { added, given, released } from './history.ts';
import { Place } from './place.ts';

// A journal with two event families, the pool and notes.

const empty = () => new Families([new PoolFamily(), new NoteFamily()]);
const stateOf = (families: Families) => [...families.snapshot().events];

async function open(place: Place, options: { readonly compact?: boolean } = {}) {
  const families = empty();
  let finish: () => void;
  const compacted = new Promise<void>((resolve) => (finish = resolve));
  const log = (_level: string, _facts: unknown, message: string) => {
    if (message === 'journal compacted') finish();
  };
  const often = options.compact ? { compactBytes: 1, compactRatio: 0 } : {};
  const journal = place.journal({ families, log, ...often });
  await journal.open(({ events }) => {
    for (const event of events) families.apply(event);
  });
  return { journal, families, compacted };
}

const FIRST: readonly DomainEvent[] = [added, given(2), noted('a', 'first', { vm_id: 'vm2', network: 'default' })];
const SECOND: readonly DomainEvent[] = [noted('b', 'of an address', { ip: '10.0.0.3' }), given(3), given(4)];

/** A snapshot and a journal behind it, with events of both families in each. */
async function written(t: TestContext) {
  const place = await Place.make(t);
  const first = await open(place, { compact: true });
  await first.journal.commit(FIRST);
  await first.compacted;
  await first.journal.close();
  const second = await open(place);
  await second.journal.commit(SECOND);
  await second.journal.close();
  return { place, files: await place.files(), state: stateOf(second.families) };
}

async function found(place: Place, query: object): Promise<string[]> {
  const { journal } = await open(place);
  const types: string[] = [];
  for await (const { event } of journal.history.search(query)) types.push(event.type);
  await journal.close();
  return types;
}

describe('journal: two event families', () => {
  it('come back from the journal, and from a snapshot that names both', async (t) => {
    const { place, files, state } = await written(t);
    assert.match(String(files.get('snapshot-3.json')), /^\{"v":3,.*"families":\["pool","notes"\],"events"/);
    const { journal, families } = await open(place, { compact: true });
    assert.deepEqual(stateOf(families), state);
    assert.deepEqual(
      state.flatMap((event) => ('key' in event ? [event.key] : [])),
      ['a', 'b'],
    );
    await journal.close();
  });

  it('are one commit: a torn one leaves nothing of either', async (t) => {
    const { place, files } = await written(t);
    const whole = files.get('journal-3.jsonl')!;
    const before = whole.toString().split('\n', 1)[0]!.length + 1;
    for (const cut of [before + 10, whole.length - 200, whole.length - 1]) {
      await place.restore(new Map([...files, ['journal-3.jsonl', whole.subarray(0, cut)]]));
      const { journal, families } = await open(place);
      const types = stateOf(families).map(({ type }) => type);
      assert.deepEqual(types, ['network_added', 'ip_allocated', 'cursor_moved', 'time_told', 'note_added'], `${cut}`);
      await journal.close();
    }
  });

  it('are found in the history, also in a segment by its index', async (t) => {
    const { place } = await written(t);
    for (let round = 0; round < 2; round++) {
      const { journal, compacted } = await open(place, { compact: true });
      await journal.commit([noted(`round ${round}`, 'x')]);
      await compacted;
      await journal.close();
    }
    const names = [...(await place.files()).keys()];
    assert.ok(names.includes('history-0.jsonl'), names.join());
    assert.deepEqual(await found(place, { types: ['note_added'] }), Array<string>(4).fill('note_added'));
    assert.deepEqual(await found(place, { vm_id: 'vm2' }), ['note_added', 'ip_allocated']);
    assert.deepEqual(await found(place, { ip: '10.0.0.3' }), ['ip_allocated', 'note_added']);
    assert.deepEqual(await found(place, { network: 'default', types: ['note_added'] }), ['note_added']);
  });

  it('are verified: counted, compared with the snapshot, and held to their own rules', async (t) => {
    const { place, files } = await written(t);
    const { findings, counts } = await verifyFolder(place.dir, empty());
    assert.deepEqual([findings, counts.get('allocations'), counts.get('notes')], [[], 3, 2]);
    const swap = (name: string, from: string, to: string) =>
      new Map([...files, [name, Buffer.from(files.get(name)!.toString().replace(from, to))]]);
    // A snapshot with another text is not what its crc says; a journal of another history breaks a rule of the notes.
    await place.restore(swap('snapshot-3.json', 'first', 'fir5t'));
    const [wrong] = (await verifyFolder(place.dir, empty())).findings;
    assert.deepEqual([wrong?.file, wrong?.rule], ['snapshot-3.json', 'crc']);
  });

  it('is refused when a family finds a contradiction', async (t) => {
    const { place } = await written(t);
    const { journal } = await open(place);
    await journal.commit([noted('a', 'a second time')]);
    await journal.close();
    await assert.rejects(open(place), { code: 'data_corrupt', message: /note a exists/ });
    const [wrong] = (await verifyFolder(place.dir, empty())).findings;
    assert.deepEqual([wrong?.rule, wrong?.damage], ['event', true]);
  });

  it('are repaired: a damaged snapshot is made anew from the generation before', async (t) => {
    const { place, files, state } = await written(t);
    const bytes = Buffer.from(files.get('snapshot-3.json')!);
    bytes.write('x', 200);
    await place.restore(new Map([...files, ['snapshot-3.json', bytes]]));
    assert.deepEqual((await repairFolder(place.dir, empty(), false, 'now')).lost, []);
    const { journal, families } = await open(place);
    assert.deepEqual(stateOf(families), state);
    await journal.close();
  });

  it('are saved by a repair that accepts loss: the later record is the true one', async (t) => {
    const { place } = await written(t);
    const { journal } = await open(place);
    await journal.commit([noted('a', 'a second time'), released(4)]);
    await journal.close();
    await assert.rejects(repairFolder(place.dir, empty(), false, 'now'), { code: 'data_corrupt' });
    assert.match((await repairFolder(place.dir, empty(), true, 'now')).lost.join(), /note a exists/);
    const notes = [...(await load(place.dir, empty())).export()].find(([section]) => section === 'notes');
    assert.deepEqual(
      [...(notes?.[1] ?? [])],
      [
        { key: 'a', text: 'a second time' },
        { key: 'b', text: 'of an address' },
      ],
    );
  });
});

describe('journal: a folder with a family that this program does not know', () => {
  const without: Readonly<Record<string, (names: readonly string[]) => readonly string[]>> = {
    'in journal and snapshot': (names) => names,
    'in the journal only': (names) => names.filter((name) => name !== 'snapshot-3.json' && name !== 'journal-3.jsonl'),
  };
  for (const [where, keep] of Object.entries(without)) {
    it(`is refused and left as it is: ${where}`, async (t) => {
      const { place, files } = await written(t);
      const names = keep([...files.keys()]);
      const kept = new Map([...files].filter(([name]) => names.includes(name)));
      await place.restore(kept);
      const mismatch = { code: 'data_mismatch' };
      await assert.rejects(place.open(), mismatch);
      await assert.rejects(verifyFolder(place.dir, familiesOf()), mismatch);
      await assert.rejects(load(place.dir, familiesOf()), mismatch);
      await assert.rejects(repairFolder(place.dir, familiesOf(), true, 'now'), mismatch);
      assert.deepEqual(await place.files(), kept);
    });
  }
});
