import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, unlink, writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { seal } from '../../../../src/store/journal/codec/format.ts';
import { Indexer } from '../../../../src/store/journal/history/indexer.ts';
import { HistoryRetention } from '../../../../src/store/journal/history/retention.ts';
import { event, found } from '../../history.conformance.ts';
import { Place } from '../place.ts';
import { given, history, names, openedBy, segments, spoil, tidied } from '../segments.ts';

const SEGMENT = /^history-\d+\.jsonl$/;

/** history-0 (vm1, vm2), history-2 (vm3, vm4), history-4 (vm5, vm6); journal-6 and journal-8 behind them. */
async function written(t: TestContext) {
  const place = await Place.make(t);
  await segments(
    place,
    [1, 3, 5, 7].map((n) => [given(n), given(n + 1)]),
  );
  return place;
}

const absent = { vm_id: 'nobody' };

/** Numbers of the journal before and of the newest one, as soon as the first has its index. */
async function ended(place: Place): Promise<number[]> {
  for (;;) {
    const names = [...(await place.files()).keys()];
    const bases = names.map((name) => Number(/^journal-(\d+)/.exec(name)?.[1] ?? NaN));
    const [before, newest] = bases
      .filter((base) => base >= 0)
      .sort((a, b) => a - b)
      .slice(-2);
    if (names.includes(`history-${before}.index.json`)) return [before!, newest!];
    await delay(1);
  }
}

describe('history: what is kept', () => {
  it('are the bytes of the journals, under another name', async (t) => {
    const place = await Place.make(t);
    await segments(place, [[given(1)], [given(2)]]);
    const before = await place.files();
    await segments(place, [[given(3)]]);
    const after = await place.files();
    assert.deepEqual(after.get('history-1.jsonl'), before.get('journal-1.jsonl'));
    assert.deepEqual(after.get('history-0.jsonl'), before.get('history-0.jsonl'));
    assert.ok(!after.has('journal-1.jsonl') && !after.has('snapshot-1.json'));
  });

  it('has an index beside it that says what is in it', async (t) => {
    const place = await written(t);
    const { bloom, crc, ...facts } = JSON.parse(readFileSync(place.path('history-2.index.json'), 'utf8')) as {
      bloom: string;
      crc: string;
    };
    const bytes = readFileSync(place.path('history-2.jsonl')).length;
    assert.deepEqual(facts, { v: 2, base: 2, last_seq: 4, from: 3000, to: 4000, ranges: false, spans: [], bytes });
    assert.ok(bloom.length < 200, 'no larger than what it is about');
    assert.match(crc, /^[0-9a-f]{8}$/);
  });

  it('has the index that its file would give, though it was made while the journal was written', async (t) => {
    const place = await Place.make(t);
    const logged: string[] = [];
    const log = (_level: string, _facts: unknown, message: string) => logged.push(message);
    const compactions = () => logged.filter((message) => message === 'journal compacted').length;
    const journal = place.recording({ compactBytes: 1, compactRatio: 0, log });
    await journal.open(() => undefined);
    const groups = [
      [given(1), given(2)],
      [given(3, { end_ip: '10.0.0.9' }), event({ type: 'network_added', at: 7, network: 'b', cidr: '10.1.0.0/16' })],
      [event({ type: 'reservation_added', at: 1, network: 'b', range: '10.1.0.0-10.1.0.9' })],
      [given(70)],
      [given(8)],
      [given(9)],
    ];
    for (const [before, group] of groups.entries()) {
      while (compactions() <= before) await journal.commit(group); // none is begun while one is under way
    }
    const [before, newest] = await ended(place);
    // Any file: the names of journals alone would not show a segment that is opened for nothing.
    const opened = await openedBy(place, async () => assert.deepEqual(await found(journal.history, absent), []), '');
    assert.deepEqual(
      opened,
      [`journal-${newest}.jsonl`],
      `the index of journal-${before} says that it is not in there`,
    );
    await journal.close();
    const inMemory = [...(await place.files())].filter(([name]) => name.endsWith('.index.json'));
    assert.ok(!logged.includes('history indexed'), 'no segment was read for it');
    assert.ok(inMemory.length > 3, 'journals have theirs already');
    for (const [name] of inMemory) await unlink(place.path(name));
    await tidied(place);
    for (const [name, bytes] of inMemory) {
      const fromFile = (await place.files()).get(name);
      if (fromFile) assert.deepEqual(bytes, fromFile, name);
    }
    assert.ok((await names(place)).filter((name) => SEGMENT.test(name)).length >= 4);
  });

  it('goes when it is too old, though the index of a journal cannot be written', async (t) => {
    const place = await written(t);
    await mkdir(place.path('history-6.index.json.tmp'));
    const logs: string[] = [];
    const log = (_level: string, _facts: unknown, message: string) => logs.push(message);
    const keep = new HistoryRetention({ dir: place.dir, now: () => 3001, auditRetentionMs: 1000, log });
    await keep.archive(new Indexer().index({ base: 6, last_seq: 8, bytes: 1, created: 0 }));
    assert.ok(!readdirSync(place.dir).includes('history-0.jsonl'));
    assert.deepEqual(logs, ['history deleted: it is older than it has to be kept', 'cannot keep the history in order']);
  });

  it('has no index while it is written to: one that lies there is of another folder', async (t) => {
    const place = await written(t);
    const stale = (await place.files()).get('history-4.index.json')!;
    for (const base of [6, 8]) await writeFile(place.path(`history-${base}.index.json`), stale);
    await tidied(place);
    assert.ok((await place.files()).has('history-6.index.json'), 'a journal that has ended may have one');
    assert.ok(!(await place.files()).has('history-8.index.json'));
  });

  it('gets its index at the next start when a crash came between the two, or it was spoiled', async (t) => {
    const place = await written(t);
    const whole = await place.files();
    const name = 'history-2.index.json';
    const states: readonly (readonly [string, Buffer | undefined])[] = [
      ['is missing', undefined],
      ['is cut', whole.get(name)!.subarray(0, 50)],
      ['is another one', whole.get('history-4.index.json')],
      ['has a changed byte', Buffer.from(String(whole.get(name)).replace('"to":4000', '"to":4001'))],
      ['is empty', Buffer.alloc(0)],
      ['is of an older release', older(whole.get(name)!)],
    ];
    for (const [what, bytes] of states) {
      const files = new Map([...whole, [`${name}.tmp`, Buffer.from('{')]]);
      files.delete(name);
      if (bytes) files.set(name, bytes);
      await place.restore(files);
      const indexed = new Promise<unknown>((resolve) => {
        const log = (_level: string, { file }: Record<string, unknown>, message: string) => {
          if (message === 'history indexed') resolve(file);
        };
        void place.journal({ log }).open(() => undefined);
      });
      assert.equal(await indexed, 'history-2.jsonl', what);
      assert.deepEqual((await place.files()).get(name), whole.get(name), what);
      assert.deepEqual(await tidied(place), [], what);
    }
  });

  it('gets another index when the segment is not the one that its index is about', async (t) => {
    const place = await written(t);
    await writeFile(place.path('history-2.jsonl'), readFileSync(place.path('history-4.jsonl')).subarray(0, -5));
    assert.deepEqual(await tidied(place), ['history-2.jsonl: history indexed']);
    assert.deepEqual(await found(await history(place), { vm_id: 'vm5' }), [5, 5]);
  });

  it('loses an index whose segment is gone', async (t) => {
    const place = await written(t);
    await unlink(place.path('history-2.jsonl'));
    await tidied(place);
    assert.deepEqual(
      (await names(place)).filter((name) => name.includes('-2.')),
      [],
    );
  });

  it('stays as long as its newest event is within the retention, and no longer', async (t) => {
    const place = await written(t);
    const kept = async (now: number) => {
      await tidied(place, { now, auditRetentionMs: 1000 });
      return (await names(place)).filter((name) => SEGMENT.test(name));
    };
    assert.deepEqual(await kept(3000), ['history-0.jsonl', 'history-2.jsonl', 'history-4.jsonl']);
    assert.deepEqual(await kept(3001), ['history-2.jsonl', 'history-4.jsonl']);
    assert.deepEqual(await kept(5000), ['history-2.jsonl', 'history-4.jsonl']);
    assert.deepEqual(await kept(1e9), []);
    assert.deepEqual(await names(place), [], 'the indexes go, too');
    assert.deepEqual(await found(await history(place), {}), [8, 7], 'the two generations never go');
  });

  it('is 400 days unless told otherwise, counted from now, or from the newest event when that is long ago', async (t) => {
    const place = await written(t);
    const day = 24 * 60 * 60 * 1000;
    const start = async (now: number) => {
      const deleted: string[] = [];
      const log = (_level: string, { file }: Record<string, unknown>, message: string) => {
        if (message.startsWith('history deleted')) deleted.push(String(file));
      };
      await new HistoryRetention({ dir: place.dir, now: () => now, log }).tidy();
      return deleted;
    };
    assert.deepEqual(await start(10_000 * day), [], 'a clock that is wrong deletes nothing');
    const journal = place.journal({});
    await journal.open(() => undefined);
    await journal.commit([event({ at: 400 * day + 3000 })]);
    await journal.close();
    assert.deepEqual(await start(400 * day + 2000), []);
    assert.deepEqual(await start(400 * day + 2001), ['history-0.jsonl']);
    assert.deepEqual(await start(10_000 * day), []);
  });

  it('is measured from the newest event that can be found, wherever that is', async (t) => {
    const place = await written(t);
    const kept = async (auditRetentionMs: number) => {
      await tidied(place, { now: 1e15, auditRetentionMs });
      return (await names(place)).filter((name) => SEGMENT.test(name));
    };
    for (const name of ['journal-8.jsonl', 'journal-6.jsonl']) await spoil(place, name);
    assert.deepEqual(await kept(4000), ['history-0.jsonl', 'history-2.jsonl', 'history-4.jsonl']);
    assert.deepEqual(await kept(3999), ['history-2.jsonl', 'history-4.jsonl']);
    for (const name of ['history-2.jsonl', 'history-4.jsonl']) await spoil(place, name);
    assert.deepEqual(await kept(0), ['history-2.jsonl', 'history-4.jsonl'], 'nothing is known');
  });

  it('stops nothing when it is damaged: a start goes on, and the index says what can still be read', async (t) => {
    const place = await written(t);
    await spoil(place, 'history-2.jsonl', 150);
    await unlink(place.path('history-2.index.json'));
    const past = await history(place);
    assert.deepEqual(await found(past, {}), [8, 7, 6, 5, 2, 1]);
    await tidied(place);
    assert.ok((await names(place)).includes('history-2.index.json'));
  });
});

/** An index as version 1 wrote it. */
function older(index: Buffer): Buffer {
  const { spans: _, crc: __, ...facts } = JSON.parse(String(index)) as Record<string, unknown>;
  return Buffer.from(seal(JSON.stringify({ ...facts, v: 1 }).slice(0, -1), 0).line);
}
