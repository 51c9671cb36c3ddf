import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import type { PoolEvent } from '../../src/pool/events.ts';
import type { Delivered } from '../../src/store/delivered.ts';
import type { History, HistoryQuery } from '../../src/store/history.ts';
import type { Store } from '../../src/store/store.ts';

/** An implementation of the History port, as the suite needs it. */
export interface Subject {
  readonly name: string;
  /** A store in a new place that goes away with the test. */
  readonly place: (t: TestContext) => Promise<Store>;
}

/** An event of which a search knows nothing but these fields. */
export function event(facts: {
  type?: string;
  at?: number;
  network?: string;
  vm_id?: string;
  ip?: string;
  end_ip?: string;
  hostname?: string;
  range?: string;
  cidr?: string;
}): PoolEvent {
  return { type: 'ip_allocated', network: 'default', at: 0, actor: 'test', request_id: 'r', ...facts } as PoolEvent;
}

/** vm<n> gets 10.0.0.<n> at n * 1000. */
const given = (n: number) => event({ at: n * 1000, vm_id: `vm${n}`, ip: `10.0.0.${n}` });
const released = (n: number, at: number) => event({ type: 'ip_released', at, vm_id: `vm${n}`, ip: `10.0.0.${n}` });

/** Ids of what is found. */
export async function found(
  history: History,
  query: HistoryQuery,
  limit = Number.POSITIVE_INFINITY,
): Promise<number[]> {
  const ids: number[] = [];
  if (limit === 0) return ids;
  for await (const { id } of history.search(query)) if (ids.push(Number(id)) >= limit) break;
  return ids;
}

/** The rules of the History port that every implementation has to hold. */
export function conformance({ name, place }: Subject): void {
  /** Records 1 to 9: three VMs come, and go, and one comes back to another's address; a range; another network. */
  async function written(t: TestContext) {
    const store = await place(t);
    await store.open(() => undefined);
    await store.commit([given(1), given(2)]);
    await store.commit([given(3)]);
    await store.commit([released(1, 4000), released(2, 5000)]);
    await store.commit([event({ at: 6000, vm_id: 'vm1', ip: '10.0.0.2' })]);
    await store.commit([event({ at: 7000, vm_id: 'vm9', ip: '10.0.0.16', end_ip: '10.0.0.31' })]);
    await store.commit([event({ at: 8000, network: 'net-b', vm_id: 'vm1', ip: '10.9.0.2' })]);
    await store.commit([event({ type: 'network_updated', at: 9000 })]);
    return store;
  }

  const searches: readonly [string, HistoryQuery, number[]][] = [
    ['everything, newest first', {}, [9, 8, 7, 6, 5, 4, 3, 2, 1]],
    ['who had an address', { ip: '10.0.0.2' }, [6, 5, 2]],
    ['an address that is a part of another as text', { ip: '10.0.0' }, []],
    ['an address inside a range', { ip: '10.0.0.20' }, [7]],
    ['the first and the last address of a range', { ip: '10.0.0.31' }, [7]],
    ['an address behind a range', { ip: '10.0.0.32' }, []],
    ['what a VM had', { vm_id: 'vm1' }, [8, 6, 4, 1]],
    ['a VM nobody knows', { vm_id: 'vm' }, []],
    ['a network', { network: 'net-b' }, [8]],
    ['a VM in a network', { vm_id: 'vm1', network: 'default' }, [6, 4, 1]],
    ['one kind of event', { types: ['ip_released'] }, [5, 4]],
    ['kinds of events', { types: ['network_updated', 'ip_released'] }, [9, 5, 4]],
    ['no kind of event', { types: [] }, []],
    ['from a time on', { since: 7000 }, [9, 8, 7]],
    ['until a time', { until: 2000 }, [2, 1]],
    ['between two times, both included', { since: 4000, until: 6000 }, [6, 5, 4]],
    ['a time in which nothing happened', { since: 4001, until: 4999 }, []],
    ['an address at a time', { ip: '10.0.0.2', until: 5500 }, [5, 2]],
    ['what is older than a record', { after: '4' }, [3, 2, 1]],
    ['an address before a record', { ip: '10.0.0.2', after: '6' }, [5, 2]],
    ['what is older than the first record', { after: '1' }, []],
    ['what is older than a record that is to come', { after: '1000' }, [9, 8, 7, 6, 5, 4, 3, 2, 1]],
    ['what is older than no id at all', { after: 'x' }, []],
  ];

  describe(`History: ${name}`, () => {
    for (const [what, query, ids] of searches) {
      it(`finds ${what}`, async (t) => {
        const { history } = await written(t);
        assert.deepEqual(await found(history, query), ids);
      });
    }

    it('finds nothing where nothing happened, or before it is open', async (t) => {
      const store = await place(t);
      assert.deepEqual(await found(store.history, {}), []);
      await store.open(() => undefined);
      assert.deepEqual(await found(store.history, {}), []);
      assert.deepEqual(await found(store.history, { ip: '10.0.0.1' }), []);
    });

    it('knows what could be no id of its own', async (t) => {
      const { history } = await written(t);
      for (const text of ['', 'x', '#', '0', '-1', '1e3', ' 1', '1.2.3', '10.0.0.1', '%00', '9'.repeat(600)])
        assert.equal(history.isId(text), false, text);
    });

    it('gives the events as they were committed, whatever text is in them', async (t) => {
      const store = await place(t);
      await store.open(() => undefined);
      const texts = ['"', '\\', '\n', 'ä€😀', '"ip":"10.0.0.7"', '"end_ip":', '","vm_id":"vm7","x":"'];
      const events = texts.map((hostname, n) => event({ at: n, vm_id: `vm${n}`, ip: '10.0.0.8', hostname }));
      for (const each of events) await store.commit([each]);
      const recorded = [];
      for await (const { event: one } of store.history.search({ ip: '10.0.0.8' })) recorded.push(one);
      assert.deepEqual(recorded, [...events].reverse());
      assert.deepEqual(await found(store.history, { ip: '10.0.0.7' }), []);
      assert.deepEqual(await found(store.history, { vm_id: 'vm7' }), []);
    });

    it('finds what is about an address, a network, or a range or CIDR as it was written', async (t) => {
      const store = await written(t);
      await store.commit([event({ type: 'reservation_added', network: 'net-c', range: '10.0.0.2-10.0.0.5' })]);
      await store.commit([event({ type: 'network_removed', network: 'net-d', cidr: '10.8.0.0/16' })]);
      const about = (query: HistoryQuery['about']) => found(store.history, { about: query! });
      assert.deepEqual(await about({ texts: ['10.0.0.2-10.0.0.5'] }), [10]);
      assert.deepEqual(await about({ ip: '10.0.0.2', texts: ['10.0.0.2-10.0.0.5'] }), [10, 6, 5, 2]);
      assert.deepEqual(await about({ ip: '10.0.0.20', texts: [] }), [7]);
      assert.deepEqual(await about({ network: 'net-b', texts: ['10.8.0.0/16'] }), [11, 8]);
      assert.deepEqual(await about({ network: 'net', texts: ['10.8.0.0'] }), []);
      assert.deepEqual(await about({ texts: [] }), []);
      const both = { about: { ip: '10.0.0.2', texts: [] }, types: ['ip_released'] };
      assert.deepEqual(await found(store.history, both), [5]);
    });

    it('finds a VM by any text that its id may be', async (t) => {
      const store = await place(t);
      await store.open(() => undefined);
      const ids = ['a"b', 'a\\b', 'ä€😀', '__proto__', ' ', 'x'.repeat(2000)];
      for (const [n, vm_id] of ids.entries()) await store.commit([event({ at: n, vm_id, ip: `10.0.0.${n}` })]);
      for (const [n, vm_id] of ids.entries()) assert.deepEqual(await found(store.history, { vm_id }), [n + 1], vm_id);
    });

    it('is read page by page, in any size, without a gap while commits go on', async (t) => {
      const store = await written(t);
      for (const size of [1, 2, 4, 100]) {
        const ids: number[] = [];
        for (let after: string | undefined; ;) {
          const page = await found(store.history, after === undefined ? { until: 9000 } : { until: 9000, after }, size);
          ids.push(...page);
          if (page.length < size) break;
          after = String(page.at(-1));
          await store.commit([given(200)]);
        }
        assert.deepEqual(ids, [9, 8, 7, 6, 5, 4, 3, 2, 1], `pages of ${size}`);
      }
    });

    it('reads on after any position, commit by commit, as it was delivered', async (t) => {
      const store = await place(t);
      const delivered: Delivered[] = [];
      await store.open((each) => delivered.push(each));
      for (let n = 1; n <= 12; n++) {
        const hostname = n % 4 === 0 ? 'x'.repeat(200_000) : 'x';
        await store.commit(
          Array.from({ length: 1 + (n % 3) }, () => ({ ...given(n), nic: '', hostname }) as PoolEvent),
        );
      }
      for (const [index, { position }] of delivered.entries()) {
        const read: [string, string, Delivered['events']][] = [];
        for await (const each of store.history.after(position)) read.push([each.position, each.source, each.events]);
        const expected = delivered.slice(index + 1).map((each) => [each.position, 'replay', each.events]);
        assert.deepEqual(read, expected, `after ${position}`);
      }
    });

    it('refuses a position that it does not go back to', async (t) => {
      const { history } = await written(t);
      for (const position of ['', 'x', '1'])
        await assert.rejects(
          async () => {
            for await (const each of history.after(position)) assert.fail(each.position);
          },
          { code: 'position_gone' },
        );
    });

    it('shows nothing before it was delivered', async (t) => {
      const store = await place(t);
      let delivered = 0;
      await store.open(({ events }) => (delivered += events.length));
      for (let n = 1; n <= 20; n++) {
        const commits = [store.commit([given(n), given(n)]), store.commit([given(n)])];
        const before = delivered;
        const [id = 0] = await found(store.history, {}, 1);
        assert.ok(id >= before && id <= delivered, `record ${id}, ${before} to ${delivered} were delivered`);
        await Promise.all(commits);
        assert.equal((await found(store.history, {}, 1))[0], delivered);
      }
    });

    it('shows only what was committed when the search began', async (t) => {
      const store = await written(t);
      const ids: string[] = [];
      for await (const { id } of store.history.search({})) {
        await store.commit([given(100)]);
        ids.push(id);
      }
      assert.deepEqual(ids.map(Number), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    });
  });
}
