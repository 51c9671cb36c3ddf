import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { startRemembering } from '../../support/remembering.ts';
import { pagesOf } from '../../support/site.ts';
import { Site } from './site.ts';

// About 2 s.
describe('a history on etcd', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  it('is paged over HTTP, from what is held to what has ended', async (t) => {
    const store = site.store(t, { node: 'node-1.example' });
    const app = await startRemembering({ store });
    for (let n = 2; n < 8; n++) {
      const { id } = await app.give({ network: 'default', vm_id: `vm-${n}` });
      if (n % 2 === 1) await app.as('anna', `/allocations/${id}/release`);
    }
    for (const limit of [1, 2, 4, 100]) {
      const pages = await pagesOf(app, `/allocations?all=true&limit=${limit}`);
      const ends = pages.flat().map((ip) => Number(ip.split('.')[3]));
      assert.deepEqual(ends, [2, 4, 6, 7, 5, 3], `limit ${limit}`);
    }
  });
});
