import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { includesAddress } from '../../src/store/history.ts';
import { MemoryStore } from '../../src/store/memory.ts';
import { formatPosition } from '../../src/store/position.ts';
import { conformance, event, found } from './history.conformance.ts';
import { Place } from './journal/place.ts';

conformance({ name: 'memory', place: () => Promise.resolve(new MemoryStore()) });

conformance({
  name: 'journal',
  place: async (t) => (await Place.make(t)).journal({}),
});

// Every commit in a file of its own, most of them history already.
conformance({
  name: 'journal, compacted after every batch',
  place: async (t) => (await Place.make(t)).journal({ compactBytes: 1, compactRatio: 0 }),
});

describe('History: memory', () => {
  it('remembers the last 10,000 events', async () => {
    const store = new MemoryStore();
    await store.open(() => undefined);
    for (let n = 1; n <= 10_050; n++) await store.commit([event({ at: n, vm_id: `vm${n}`, ip: '10.0.0.1' })]);
    const ids = await found(store.history, {});
    assert.deepEqual([ids.length, ids[0], ids.at(-1)], [10_000, 10_050, 51]);
    assert.deepEqual(await found(store.history, { vm_id: 'vm50' }), []);
    assert.deepEqual(await found(store.history, { vm_id: 'vm51' }), [51]);
    assert.deepEqual(await found(store.history, { after: '53' }), [52, 51]);
    const read = async (n: number) => {
      let count = 0;
      for await (const { events } of store.history.after(formatPosition(n))) count += events.length;
      return count;
    };
    assert.equal(await read(50), 10_000);
    await assert.rejects(read(49), { code: 'position_gone' });
  });
});

describe('History: includesAddress', () => {
  it('is whether a range has an address, both ends included', () => {
    const range = event({ ip: '172.16.0.9', end_ip: '172.16.0.12' });
    const addresses = ['172.16.0.8', '172.16.0.9', '172.16.0.12', '172.16.0.13', '::ac10:9', 'x'];
    assert.deepEqual(
      addresses.filter((ip) => includesAddress(range, ip)),
      ['172.16.0.9', '172.16.0.12'],
    );
  });

  it('is false for an event of one address', () => {
    assert.equal(includesAddress(event({ ip: '172.16.0.9' }), '172.16.0.9'), false);
  });
});
