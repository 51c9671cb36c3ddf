import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Keys } from '../../../src/store/etcd/keys.ts';
import type { RangeRequest } from '../../../src/store/etcd/messages.ts';
import { missed } from '../../../src/store/etcd/missed.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { Site } from './site.ts';

const HOUR = 3_600_000;
const NOW = 1_700_000_000_000;

// About 5 s.
describe('what a replica has missed', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  it('is read in the order of revisions, and without the history of a month', async (t) => {
    const client = site.client(t);
    const keys = new Keys(site.prefix());
    let n = 0;
    const put = async (key: string, value: string) => Number((await client.put({ key, value })).header.revision);
    const record = (time: number) => put(keys.event(time, 'n', 'b', ++n), String(n));
    await put(keys.head, '0');
    // Two pages that are too old to matter.
    const old = Array.from({ length: 2000 }, (_, i) => ({
      request_put: { key: keys.event(NOW - 90 * HOUR - i, 'n', 'b', ++n), value: 'old' },
    }));
    for (let first = 0; first < old.length; first += 100) {
      await client.txn({ compare: [], success: old.slice(first, first + 100), failure: [] });
    }
    const revision = await record(NOW);
    await record(NOW + 2);
    await record(NOW - HOUR); // of a clock that is late
    await put(keys.generation('default'), 'g');
    await record(NOW + 1);
    const asked: RangeRequest[] = [];
    const range = (request: RangeRequest) => {
      asked.push(request);
      return client.range(request);
    };
    const { puts } = await missed({ range }, keys, { revision, time: NOW });
    assert.deepEqual(
      puts.map(({ value }) => value),
      ['2002', '2003', 'g', '2004'],
    );
    const pages = asked.filter(({ key }) => key.startsWith(keys.events.from));
    // The next is asked for while one is looked at.
    assert.ok(pages.length <= 2, `${pages.length} of three pages were asked for`);
    for (const { limit = 0 } of asked.slice(1)) assert.ok(limit > 0);
  });
});
