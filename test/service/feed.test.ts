import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../src/pool/events.ts';
import { Feed, type Listener } from '../../src/service/feed.ts';
import type { Delivered } from '../../src/store/delivered.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { formatPosition } from '../../src/store/position.ts';
import { settled } from '../support/manual-store.ts';
import { Random } from '../faults/random.ts';

const event = (n: number) => ({ type: 'time_told', at: n }) as const;
const numbersOf = ({ events }: Delivered) => events.map((each) => (each as { at: number }).at);

/** A memory store whose deliveries go to a feed with a small ring. */
async function site(ringSize = 4) {
  const store = new MemoryStore();
  const logged: string[] = [];
  const feed = new Feed({
    history: store.history,
    barrier: () => store.barrier(),
    log: { warn: (_facts, message) => logged.push(message) },
    ringSize,
  });
  await store.open((delivered) => feed.publish(delivered));
  let n = 0;
  const commit = async (count = 1) => {
    for (let i = 0; i < count; i++) await store.commit([event(++n)] as PoolEvent[]);
  };
  return { store, feed, commit, logged };
}

/** Lets everything happen that waits for nothing but turns of the event loop. */
async function quiet(): Promise<void> {
  for (let turn = 0; turn < 200; turn++) await settled();
}

function noting(more: Partial<Listener> = {}) {
  const seen: number[] = [];
  const ended: unknown[] = [];
  const listener: Listener = {
    name: 'test',
    receive: (delivered) => void seen.push(...numbersOf(delivered)),
    ended: (error) => ended.push((error as { code?: string }).code),
    ...more,
  };
  return { seen, ended, listener };
}

const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, n) => first + n);

describe('service.feed', () => {
  it('passes on what is delivered from now on, in order', async () => {
    const { feed, commit } = await site();
    const { seen, listener } = noting();
    await commit(2);
    feed.subscribe(listener);
    await commit(3);
    await quiet();
    assert.deepEqual(seen, [3, 4, 5]);
  });

  it('calls no listener while it publishes', async () => {
    const { feed, commit } = await site();
    const { seen, listener } = noting();
    feed.subscribe(listener);
    await commit();
    assert.deepEqual(seen, []);
    await quiet();
    assert.deepEqual(seen, [1]);
  });

  it('resumes after a position, from the history into the ring, each delivery once', async () => {
    for (let from = 0; from <= 30; from++) {
      const { feed, commit } = await site();
      feed.subscribe(noting().listener); // keeps the ring filled
      await commit(30);
      const { seen, listener } = noting();
      const subscription = feed.subscribe(listener, formatPosition(from));
      await commit(10);
      await quiet();
      assert.deepEqual(seen, upTo(40, from + 1), `from ${from}`);
      assert.equal(subscription.position, formatPosition(40));
    }
  });

  it('continues behind an exception and a rejection, and logs them', async () => {
    const { feed, commit, logged } = await site();
    const { seen, ended, listener } = noting();
    feed.subscribe({
      ...listener,
      receive: (delivered) => {
        void listener.receive(delivered);
        if (seen.length === 1) throw new Error('no');
        return seen.length === 2 ? Promise.reject(new Error('no')) : undefined;
      },
    });
    await commit(3);
    await quiet();
    assert.deepEqual([seen, ended, logged.length], [[1, 2, 3], [], 2]);
  });

  it('keeps nobody waiting for a listener that never resolves', async () => {
    const { feed, commit } = await site();
    const { seen, listener } = noting();
    let calls = 0;
    feed.subscribe({ name: 'stuck', receive: () => (calls++, new Promise(() => undefined)) });
    feed.subscribe(listener);
    await commit(50);
    await quiet();
    assert.deepEqual([calls, seen], [1, upTo(50)]);
  });

  it('continues a listener from the history that has fallen behind the ring', async () => {
    const { feed, commit } = await site();
    const { seen, listener } = noting();
    let go: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    feed.subscribe({ ...listener, receive: (delivered) => (void listener.receive(delivered), gate) });
    await commit(50);
    await quiet();
    assert.deepEqual(seen, [1]);
    go();
    await quiet();
    assert.deepEqual(seen, upTo(50));
  });

  it('ends with position_gone when the history does not go back that far, or nothing is there yet', async () => {
    const { feed, commit } = await site();
    await commit(10_050);
    for (const position of [formatPosition(49), formatPosition(20_000), 'x']) {
      const { seen, ended, listener } = noting();
      feed.subscribe(listener, position);
      await commit();
      await quiet();
      assert.deepEqual([seen, ended], [[], ['position_gone']], position);
    }
  });

  it('passes on nothing after close', async () => {
    const { feed, commit } = await site();
    const { seen, listener } = noting();
    const subscription = feed.subscribe(listener);
    await commit(1);
    await quiet();
    subscription.close();
    await commit(2);
    await quiet();
    assert.deepEqual(seen, [1]);
  });

  it('agrees with a list of all deliveries, however listeners come, go, lag and fail', async () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new Random(seed);
      const pick = (limit: number) => Math.floor(random.next() * limit);
      const { feed, commit } = await site(1 + pick(6));
      const listeners: { seen: number[]; from: number; gates: (() => void)[] }[] = [];
      let committed = 0;
      for (let step = 0; step < 60; step++) {
        const what = pick(5);
        if (what === 0) {
          const from = pick(committed + 1);
          const gates: (() => void)[] = [];
          const { seen, listener } = noting();
          const manner = pick(3);
          const receive = (delivered: Delivered) => {
            void listener.receive(delivered);
            if (manner === 1 && pick(4) === 0) throw new Error('no');
            return manner === 2 ? new Promise<void>((resolve) => gates.push(resolve)) : undefined;
          };
          feed.subscribe({ ...listener, receive }, formatPosition(from));
          listeners.push({ seen, from, gates });
        } else if (what === 1) {
          for (const { gates } of listeners) gates.shift()?.();
        } else if (what === 2) await settled();
        else {
          const count = pick(8);
          committed += count;
          await commit(count);
        }
      }
      for (let round = 0; round <= committed; round++) {
        for (const { gates } of listeners) gates.shift()?.();
        for (let turn = 0; turn < 4; turn++) await settled();
      }
      await quiet();
      for (const { seen, from } of listeners) assert.deepEqual(seen, upTo(committed, from + 1), `seed ${seed}`);
    }
  });
});
