import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { appendFile, rename, rm, unlink, writeFile } from 'node:fs/promises';
import { describe, it, type TestContext } from 'node:test';
import type { HistoryQuery, Recorded } from '../../../../src/store/history.ts';
import { event, found } from '../../history.conformance.ts';
import { Place } from '../place.ts';
import { given, history, ipOf, openedBy, segments, spoil, tidied } from '../segments.ts';

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/** history-0 with vm1 to vm10, history-10 with vm11 to vm20, history-20; journal-30 with vm31 to vm40, which no index covers. */
async function written(t: TestContext) {
  const place = await Place.make(t);
  await segments(
    place,
    [0, 10, 20, 30].map((base) => range(base + 1, base + 10).map((n) => given(n))),
  );
  assert.deepEqual(
    [...(await place.files()).keys()].filter((name) => name.startsWith('history-')),
    range(0, 2).flatMap((i) => [`history-${i * 10}.index.json`, `history-${i * 10}.jsonl`]),
  );
  return place;
}

describe('history: a search', () => {
  it('reads segments, the generation before and the newest journal', async (t) => {
    const place = await written(t);
    assert.deepEqual(await found(await history(place), {}), range(1, 40).reverse());
  });

  it('does not open a segment in which an address or a VM certainly is not', async (t) => {
    const place = await written(t);
    const name = 'history-10.jsonl';
    const whole = readFileSync(place.path(name));
    await spoil(place, name);
    const past = await history(place);
    assert.deepEqual(await found(past, { ip: ipOf(15) }), [], 'spoiled: whoever opens it finds nothing');
    await writeFile(place.path(name), whole);
    for (const other of ['history-0.jsonl', 'history-20.jsonl']) await spoil(place, other);
    assert.deepEqual(await found(past, { ip: ipOf(15) }), [15]);
    assert.deepEqual(await found(past, { vm_id: 'vm15' }), [15]);
    const opened = await openedBy(place, async () => {
      assert.deepEqual(await found(past, { vm_id: 'vm15' }), [15]);
      assert.deepEqual(await found(past, { ip: ipOf(15) }), [15]);
      assert.deepEqual(await found(past, { ip: '10.0.0.99' }), []);
    });
    assert.deepEqual(opened, [name, name], 'and these are the only ones, the live journals aside');
  });

  it('does not open a segment of another time', async (t) => {
    const place = await written(t);
    const past = await history(place);
    const opened = await openedBy(place, async () => {
      assert.deepEqual(await found(past, { since: 18_000, until: 23_000 }), range(18, 23).reverse());
      assert.deepEqual(await found(past, { until: 10_000 }), range(1, 10).reverse());
    });
    assert.deepEqual(opened, ['history-20.jsonl', 'history-10.jsonl', 'history-0.jsonl']);
  });

  it('does not open a segment that is newer than the cursor, nor more than it is asked for', async (t) => {
    const place = await written(t);
    const past = await history(place);
    const opened = await openedBy(place, async () => {
      assert.deepEqual(await found(past, { after: '15' }, 6), [14, 13, 12, 11, 10, 9]);
      assert.deepEqual(await found(past, { after: '11' }, 2), [10, 9]);
    });
    assert.deepEqual(opened, ['history-10.jsonl', 'history-0.jsonl', 'history-0.jsonl']);
  });

  it('opens segments with ranges for an address that is in no filter', async (t) => {
    const place = await Place.make(t);
    const ranged = event({ at: 2000, vm_id: 'vm2', ip: '10.0.0.16', end_ip: '10.0.0.31' });
    await segments(place, [[given(1)], [ranged], [given(3)], [given(4)]]);
    const past = await history(place);
    const opened = await openedBy(place, async () => {
      assert.deepEqual(await found(past, { ip: '10.0.0.20' }), [2]);
      assert.deepEqual(await found(past, { about: { ip: '10.0.0.31', texts: [] } }), [2]);
      assert.deepEqual(await found(past, { ip: '10.0.0.32' }), [], 'behind the range');
      assert.deepEqual(await found(past, { ip: 'fd00::1' }), []);
    });
    assert.deepEqual(opened, ['history-1.jsonl', 'history-1.jsonl']);
  });

  it('does not open a segment in which nothing of a kind, of a network or about a text happened', async (t) => {
    const place = await Place.make(t);
    const reserved = event({ type: 'reservation_added', network: 'net-b', range: '10.0.0.2-10.0.0.5' });
    const removed = event({ type: 'network_removed', network: 'net-c', cidr: '10.8.0.0/16' });
    await segments(place, [[given(1)], [reserved], [removed], [given(4)], [given(5)]]);
    const past = await history(place);
    const searches: readonly [HistoryQuery, number][] = [
      [{ types: ['reservation_added', 'ip_released'] }, 2],
      [{ network: 'net-c' }, 3],
      [{ about: { network: 'net-b', texts: [] } }, 2],
      [{ about: { ip: '10.0.0.2', texts: ['10.0.0.2-10.0.0.5'] } }, 2],
      [{ about: { network: '10.8.0.0/16', texts: ['10.8.0.0/16'] } }, 3],
    ];
    for (const [query, id] of searches) {
      const opened = await openedBy(place, async () => assert.deepEqual(await found(past, query), [id]));
      assert.deepEqual(opened, [`history-${id - 1}.jsonl`], JSON.stringify(query));
    }
    for (const query of [{ types: ['nothing'] }, { types: [] }, { network: 'net' }, { about: { texts: [] } }]) {
      const opened = await openedBy(place, async () => assert.deepEqual(await found(past, query), []));
      assert.deepEqual(opened, [], JSON.stringify(query));
    }
  });

  it('reads a segment whose index is missing, spoiled, or of another file', async (t) => {
    const place = await written(t);
    const past = await history(place);
    const name = 'history-10.index.json';
    const index = readFileSync(place.path(name));
    await rename(place.path(name), place.path('elsewhere'));
    assert.deepEqual(await found(past, { ip: ipOf(15) }), [15]);
    const { bloom } = JSON.parse(String(index)) as { bloom: string };
    const other = readFileSync(place.path('history-20.index.json'));
    for (const bytes of [
      Buffer.from(String(index).replace(bloom, 'A'.repeat(bloom.length))),
      other,
      Buffer.from('{'),
    ]) {
      await writeFile(place.path(name), bytes);
      assert.deepEqual(await found(past, { ip: ipOf(15) }), [15]);
    }
  });

  it('never shows what stands behind the last record that was delivered', async (t) => {
    const place = await written(t);
    const journal = place.journal({});
    await journal.open(() => undefined);
    await journal.commit([given(41)]);
    const line = String(readFileSync(place.path('journal-40.jsonl')))
      .trimEnd()
      .split('\n')
      .at(-1)!;
    await appendFile(place.path('journal-40.jsonl'), `${line.replace('"seq":41', '"seq":42')}\n`);
    assert.deepEqual(await found(journal.history, {}, 2), [41, 40]);
    assert.deepEqual(await found(journal.history, { vm_id: 'vm41' }), [41]);
  });

  it('is not disturbed by compactions that rename its files, nor by one that is deleted', async (t) => {
    const place = await written(t);
    const journal = place.recording({ compactBytes: 1, compactRatio: 0 });
    await journal.open(() => undefined);
    const ids: number[] = [];
    for await (const { id } of journal.history.search({})) {
      ids.push(Number(id));
      if (ids.length <= 12) await journal.commit([given(100)]); // from journal-30 on its names change
      if (id === '21') await rm(place.path('history-0.jsonl'));
    }
    assert.deepEqual(ids, range(11, 40).reverse());
    const names = readdirSync(place.dir);
    assert.ok(names.includes('history-30.jsonl') && !names.includes('journal-30.jsonl'), names.join());
  });

  it('closes its file when it is given up, and when it is through', async (t) => {
    const place = await written(t);
    const past = await history(place);
    const before = openFiles(place);
    await found(past, {}, 1);
    await found(past, {}, 12);
    await found(past, {});
    const half = past.search({})[Symbol.asyncIterator]();
    await half.next();
    assert.equal(openFiles(place).length, before.length + 1);
    await half.return?.();
    assert.deepEqual(openFiles(place), before);
  });

  it('goes on behind damage', async (t) => {
    const place = await written(t);
    const name = 'history-10.jsonl';
    const bytes = readFileSync(place.path(name));
    bytes.fill('x', bytes.indexOf('"seq":15'), bytes.indexOf('"seq":16'));
    await writeFile(place.path(name), bytes);
    const ids = await found(await history(place), {});
    assert.deepEqual(
      ids,
      range(1, 40)
        .reverse()
        .filter((n) => n !== 15 && n !== 16),
    );
  });
});

describe('history: a large file', () => {
  const COUNT = 12_000;
  /** 1.7 MB, and in the middle a line longer than what is read at once. */
  async function large(t: TestContext) {
    const place = await Place.make(t);
    const journal = place.journal({});
    await journal.open(() => undefined);
    const events = range(1, COUNT).map((n) => event({ at: n, vm_id: `vm${n % 100}`, ip: ipOf(n) }));
    events[6000] = event({ at: 6001, vm_id: 'x'.repeat(200_000), ip: ipOf(1) });
    await journal.commit(events);
    return { place, past: journal.history };
  }

  it('is read the same in chunks, whole, by needle and from any cursor', async (t) => {
    const { past } = await large(t);
    assert.deepEqual(await found(past, {}), range(1, COUNT).reverse());
    assert.deepEqual(
      await found(past, { vm_id: 'vm7' }),
      range(1, COUNT)
        .reverse()
        .filter((n) => n % 100 === 7),
    );
    assert.deepEqual(await found(past, { ip: ipOf(1) }), [6001, 1]);
    for (const after of [
      1,
      2,
      3,
      5999,
      6001,
      6002,
      6003,
      9999,
      COUNT,
      COUNT + 1,
      ...range(1, 20).map((n) => n * 577),
    ]) {
      const expected = range(Math.max(1, after - 3), after - 1).reverse();
      assert.deepEqual(await found(past, { after: String(after) }, 3), after === 1 ? [] : expected.slice(0, 3));
    }
  });

  it('is read no further than asked for, from the end or from a cursor', async (t) => {
    const { place, past } = await large(t);
    const name = 'journal-0.jsonl';
    const bytes = readFileSync(place.path(name));
    const whole = Buffer.from(bytes);
    bytes.fill('x', 0, bytes.length - 200_000);
    await writeFile(place.path(name), bytes);
    assert.deepEqual(await found(past, {}, 100), range(COUNT - 99, COUNT).reverse());
    const at = whole.indexOf('{"seq":3000,');
    whole.fill('x', at + 400_000);
    whole.fill('x', 0, at - 200_000);
    await writeFile(place.path(name), whole);
    assert.deepEqual(await found(past, { after: '3000' }, 100), range(2900, 2999).reverse());
  });

  it('lets other work go on', async (t) => {
    const { past } = await large(t);
    let turns = 0;
    let searching = true;
    const tick = () => {
      turns++;
      if (searching) setImmediate(tick);
    };
    tick();
    const all: Recorded[] = [];
    for await (const recorded of past.search({})) all.push(recorded);
    searching = false;
    assert.ok(turns >= COUNT / 256, `${turns} turns of the event loop`);
  });
});

describe('history: an index that is made anew', () => {
  it('says the same', async (t) => {
    const place = await written(t);
    const before = await place.files();
    for (const name of before.keys()) if (name.endsWith('.index.json')) await unlink(place.path(name));
    await tidied(place);
    assert.deepEqual(await place.files(), before);
  });
});

/** Descriptors of this process on files of a place, which end with it. */
function openFiles(place: Place): string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(place.dir) ? [path] : [];
    } catch {
      return []; // the one that this listing used
    }
  });
}
