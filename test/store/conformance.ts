import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { IpAllocated, PoolEvent } from '../../src/pool/events.ts';
import { parsePosition } from '../../src/store/position.ts';
import type { Delivered } from '../../src/store/delivered.ts';
import { poolEvents } from '../support/families.ts';
import type { Store } from '../../src/store/store.ts';

/** An implementation of the Store port, as the suite needs it. */
export interface Subject {
  readonly name: string;
  /** Makes a new place that is empty and goes away with the test; each call of the result is a start of the process there. */
  readonly place: (t: TestContext) => Promise<() => Store>;
  /** Why it does not keep what was committed over a restart; undefined when it does. */
  readonly forgets?: string;
}

/** The rules of the Store port that every implementation has to hold. */
export function conformance({ name, place, forgets }: Subject): void {
  describe(`Store: ${name}`, () => {
    it('delivers nothing from an empty place', async (t) => {
      const { delivered } = await opened(await place(t));
      assert.deepEqual(delivered, []);
    });

    it('resolves a commit after its own delivery', async (t) => {
      const { store, delivered } = await opened(await place(t));
      const event = given(1);
      await store.commit([event]);
      assert.deepEqual(delivered, [event]);
    });

    it('delivers nothing before commit has returned: the caller notes first what is under way', async (t) => {
      const { store, delivered } = await opened(await place(t));
      const commit = store.commit([given(1)]);
      assert.deepEqual(delivered, []);
      await commit;
    });

    it('delivers the events of a commit together and in their order', async (t) => {
      const { store, batches } = await opened(await place(t));
      const commits = [[given(1), given(2), given(3)], [given(4)], [given(5), given(6)]];
      await Promise.all(commits.map((events) => store.commit(events)));
      for (const events of commits) {
        assert.ok(
          batches.some((batch) => JSON.stringify(batch.events).includes(JSON.stringify(events).slice(1, -1))),
          'in one batch, side by side',
        );
      }
    });

    it('delivers commits in the order in which they were handed in, each once', async (t) => {
      const { store, delivered } = await opened(await place(t));
      const resolved: number[] = [];
      const all = Array.from({ length: 100 }, async (_, n) => {
        await store.commit([given(n)]);
        assert.ok(delivered.some((event) => event.type === 'ip_allocated' && event.vm_id === `vm${n}`));
        resolved.push(n);
      });
      await Promise.all(all);
      assert.deepEqual(
        delivered,
        Array.from({ length: 100 }, (_, n) => given(n)),
      );
      assert.deepEqual(
        resolved,
        [...resolved].sort((a, b) => a - b),
      );
    });

    it('takes commits while others are under way', async (t) => {
      const { store, delivered } = await opened(await place(t));
      const chains = Array.from({ length: 5 }, async (_, chain) => {
        for (let n = 0; n < 10; n++) await store.commit([given(chain * 100 + n)]);
      });
      await Promise.all(chains);
      assert.equal(delivered.length, 50);
      for (let chain = 0; chain < 5; chain++) {
        const own = delivered.map(number).filter((n) => Math.floor(n / 100) === chain);
        assert.deepEqual(
          own,
          Array.from({ length: 10 }, (_, n) => chain * 100 + n),
        );
      }
    });

    it('gives live deliveries positions that strictly increase as plain text', async (t) => {
      const { store, batches } = await opened(await place(t));
      const commits = Array.from({ length: 12 }, (_, n) => [given(3 * n), given(3 * n + 1)]);
      for (const events of commits.slice(0, 6)) await store.commit(events);
      await Promise.all(commits.slice(6).map((events) => store.commit(events)));
      const positions = batches.map(({ position }) => position);
      assert.deepEqual(positions, [...new Set(positions)].sort());
      for (const position of positions) assert.notEqual(parsePosition(position), undefined, position);
    });

    it('names its own commits as the source', async (t) => {
      const { store, batches } = await opened(await place(t));
      await Promise.all([store.commit([given(1)]), store.commit([given(2), given(3)])]);
      await store.commit([given(4)]);
      assert.deepEqual(new Set(batches.map(({ source }) => source)), new Set(['own']));
    });

    it('has every delivered event in its history, newest first', async (t) => {
      const { store, delivered } = await opened(await place(t));
      await store.commit([given(1), given(2)]);
      await store.commit([given(3)]);
      const found: unknown[] = [];
      for await (const { event } of store.history.search({})) found.push(event);
      assert.deepEqual(found, [...delivered].reverse());
    });

    it('has delivered at a barrier all that was committed before', async (t) => {
      const { store, delivered } = await opened(await place(t));
      await store.barrier();
      for (let n = 1; n <= 3; n++) {
        await store.commit([given(n)]);
        await Promise.all([store.barrier(), store.barrier()]);
        assert.equal(delivered.length, n);
      }
    });

    it('rejects a commit before it is open', async (t) => {
      const store = (await place(t))();
      await assert.rejects(store.commit([given(1)]), { code: 'store_unavailable' });
    });

    it('rejects a commit after close, and never delivers it', async (t) => {
      const { store, delivered } = await opened(await place(t));
      await store.commit([given(1)]);
      await store.close();
      await assert.rejects(store.commit([given(2)]), { code: 'store_unavailable' });
      assert.deepEqual(delivered, [given(1)]);
    });

    it('finishes at close what was committed before', async (t) => {
      const { store, delivered } = await opened(await place(t));
      const commits = [store.commit([given(1)]), store.commit([given(2)]), store.commit([given(3)])];
      await store.close();
      assert.equal(delivered.length, 3);
      await Promise.all(commits);
    });

    it('closes once, however often it is told to', async (t) => {
      const { store } = await opened(await place(t));
      await Promise.all([store.close(), store.close()]);
      await store.close();
    });

    it('is writable while it is open', async (t) => {
      const store = (await place(t))();
      assert.equal(store.health().writable, false);
      await store.open(() => undefined);
      assert.deepEqual(store.health(), { writable: true, reason: 'ok' });
      await store.close();
      assert.equal(store.health().writable, false);
    });

    if (forgets !== undefined) {
      it(`gap: ${forgets}`, async (t) => {
        const start = await place(t);
        const { store } = await opened(start);
        await store.commit([given(1)]);
        await store.close();
        assert.deepEqual((await opened(start)).delivered, []);
      });
      return;
    }

    it('delivers history first, whole, once and in order, and then what is new', async (t) => {
      const start = await place(t);
      const expected: PoolEvent[] = [];
      for (let life = 0; life < 4; life++) {
        const { store, delivered } = await opened(start);
        assert.deepEqual(delivered, expected, `life ${life}`);
        for (const events of [[given(life * 10)], [given(life * 10 + 1), given(life * 10 + 2)]]) {
          expected.push(...events);
          await store.commit(events);
        }
        assert.deepEqual(delivered, expected);
        await store.close();
      }
    });

    it('replays with source replay and positions that never go back, and continues behind them', async (t) => {
      const start = await place(t);
      const { store, batches: before } = await opened(start);
      for (let n = 0; n < 4; n++) await store.commit([given(2 * n), given(2 * n + 1)]);
      await store.close();
      const { store: again, batches } = await opened(start);
      assert.deepEqual(new Set(batches.map(({ source }) => source)), new Set(['replay']));
      const replayed = batches.map(({ position }) => position);
      assert.deepEqual(replayed, [...replayed].sort());
      const last = replayed.at(-1) ?? '';
      assert.ok(last >= (before.at(-1)?.position ?? ''), 'no position is lost over a restart');
      await again.commit([given(8)]);
      const next = batches.at(-1);
      assert.equal(next?.source, 'own');
      assert.ok(next.position > last, `${next.position} after ${last}`);
    });

    it('gives every text back as it was', async (t) => {
      const start = await place(t);
      const texts = [
        '"',
        '\\',
        '\n',
        '\r\n',
        '\0',
        '\u2028\u2029',
        'ä€😀',
        '\ud800',
        ',"crc":"00000000"}',
        '__proto__',
      ];
      const events = texts.map((hostname, n) => ({ ...given(n), hostname }));
      const { store } = await opened(start);
      await store.commit(events);
      await store.close();
      assert.deepEqual((await opened(start)).delivered, events);
    });
  });
}

/** Opens a store and notes what it delivers. */
async function opened(start: () => Store) {
  const store = start();
  const delivered: PoolEvent[] = [];
  const batches: Delivered[] = [];
  await store.open((batch) => {
    delivered.push(...poolEvents(batch.events));
    batches.push(batch);
  });
  return { store, delivered, batches };
}

function given(n: number): IpAllocated {
  const ip = `10.0.${n >> 8}.${n & 255}`;
  return {
    type: 'ip_allocated',
    network: 'default',
    ip,
    vm_id: `vm${n}`,
    nic: '',
    at: n,
    actor: 'test',
    request_id: 'r',
  };
}

const number = (event: PoolEvent) => (event.type === 'ip_allocated' ? Number(event.vm_id.slice(2)) : Number.NaN);
