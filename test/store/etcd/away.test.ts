import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { EtcdError } from '../../../src/store/etcd/failure.ts';
import { Generations } from '../../../src/store/etcd/generations.ts';
import { EtcdHistory } from '../../../src/store/etcd/history.ts';
import { Keys } from '../../../src/store/etcd/keys.ts';
import { isUnchanged } from '../../../src/store/etcd/operation.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { Proxy } from './proxy.ts';
import { Site } from './site.ts';

// About 3 s.
describe('what asks an etcd that does not answer', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  it('is a history that cannot be had now', async (t) => {
    const proxy = await Proxy.start(t, site.etcd.endpoints[0]!);
    proxy.deafen();
    const client = site.client(t, [proxy.url]);
    const history = new EtcdHistory(client, new Keys(site.prefix()), () => 1);
    await assert.rejects(history.search({})[Symbol.asyncIterator]().next(), { code: 'store_unavailable' });
  });

  it('is a lease that is kept at the next member', async (t) => {
    const proxy = await Proxy.start(t, site.etcd.endpoints[0]!);
    const client = site.client(t, [proxy.url, site.etcd.endpoints[0]!]);
    const { ID } = await client.grantLease(60);
    proxy.deafen();
    await assert.rejects(client.keepLease(ID), EtcdError);
    assert.equal(await client.keepLease(ID), 60);
  });
});

describe('Generations', () => {
  it('passes over a change of its own, and not over one that was given up', () => {
    const generations = new Generations();
    generations.changed('g', 5, 9);
    assert.deepEqual(generations.compare('g', 5), isUnchanged('g', 9));
    generations.forget('g');
    assert.deepEqual(generations.compare('g', 5), isUnchanged('g', 5));
  });
});
