import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fromEtcd } from '../../src/migration/migrate.ts';
import { Image } from '../../src/store/etcd/image.ts';
import { added, allocated } from '../store/etcd/events.ts';
import { Site } from '../store/etcd/site.ts';
import { missingEtcd } from '../support/etcd-binary.ts';
import { familiesOf } from '../support/families.ts';

// About 2 s.
describe('a migration from etcd', { skip: missingEtcd() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippool-meanwhile-'));
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(async () => {
    await site.stop();
    rmSync(folder, { recursive: true });
  });

  /** Moves a network with an address in it; something happens when both have been read. */
  async function moving(t: TestContext, to: string, happens: (prefix: string) => Promise<void>) {
    const prefix = site.prefix();
    const store = site.store(t, { prefix });
    await store.open(() => undefined);
    await store.commit([added('default', '10.0.0.0/24')]);
    await store.commit([allocated('vm1', '10.0.0.1')]);
    await store.close();
    const client = site.client(t);
    const range = client.range.bind(client);
    client.range = async (request) => {
      const answer = await range(request);
      if (request.key.endsWith('/ip/')) await happens(prefix);
      return answer;
    };
    return fromEtcd(new Image(client, prefix, 'word'), join(folder, to), familiesOf(), 0);
  }

  it('takes what is there while no node runs', async (t) => {
    const { allocations } = await moving(t, 'quiet', () => Promise.resolve());
    assert.equal(allocations, 1);
  });

  it('is refused when a node has started while it was read, however little that has told of itself', async (t) => {
    const start = async (prefix: string) => {
      const late = site.store(t, { prefix, node: 'late' });
      await late.open(() => undefined);
      await late.commit([allocated('vm2', '10.0.0.2')]);
    };
    await assert.rejects(moving(t, 'late', start), { code: 'data_locked', message: /runs as node late/ });
    assert.equal(existsSync(join(folder, 'late')), false);
  });

  it('is refused when a node tells of itself only then', async (t) => {
    const start = async (prefix: string) => {
      await site.client(t).put({ key: `${prefix}node/n9`, value: '{}' });
    };
    await assert.rejects(moving(t, 'told', start), { code: 'data_locked', message: /runs as node n9/ });
  });
});
