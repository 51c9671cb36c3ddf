import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { Compare } from '../../../src/store/etcd/messages.ts';
import {
  areUnchanged,
  at,
  hasValue,
  isAbsent,
  isAtRevision,
  isPresent,
  isUnchanged,
  put,
  removeAll,
  within,
} from '../../../src/store/etcd/operation.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { Site } from './site.ts';

// Each form of comparison is proven true and false against a real etcd: a name of its protocol that is misread would
// compare something else, and be right most of the time. About 1 s.
describe('comparisons', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  /** Keys a and c hold 1, put at the revisions that it returns; b is absent. */
  async function written(t: TestContext) {
    const client = site.client(t);
    const key = (name: string) => `${prefix}${name}`;
    const prefix = site.prefix();
    const revisions: Record<string, number> = {};
    for (const name of ['a', 'c']) {
      await client.put({ ...at(key(name)), value: '0' });
      revisions[name] = Number((await client.put({ ...at(key(name)), value: '1' })).header.revision);
    }
    const holds = async (...compare: Compare[]) => (await client.txn({ compare, success: [], failure: [] })).succeeded;
    return { client, key, holds, a: revisions.a!, c: revisions.c! };
  }

  it('isAbsent', async (t) => {
    const { key, holds } = await written(t);
    assert.deepEqual([await holds(isAbsent(key('b'))), await holds(isAbsent(key('a')))], [true, false]);
  });

  it('isPresent', async (t) => {
    const { key, holds } = await written(t);
    assert.deepEqual([await holds(isPresent(key('a'))), await holds(isPresent(key('b')))], [true, false]);
  });

  it('isUnchanged, since its revision, the one before, and for what is absent', async (t) => {
    const { key, holds, a } = await written(t);
    assert.equal(await holds(isUnchanged(key('a'), a)), true);
    assert.equal(await holds(isUnchanged(key('a'), a - 1)), false);
    assert.equal(await holds(isUnchanged(key('b'), 0)), true);
  });

  it('areUnchanged, of all keys in a range and of none', async (t) => {
    const { key, holds, a, c } = await written(t);
    const range = { from: key('a'), to: key('d') };
    assert.equal(await holds(areUnchanged(range, c)), true);
    assert.equal(await holds(areUnchanged(range, c - 1)), false, 'the second of its keys counts');
    assert.equal(await holds(areUnchanged({ from: key('a'), to: key('c') }, a)), true, 'its end does not');
    assert.equal(await holds(areUnchanged({ from: key('b'), to: key('c') }, 0)), true);
  });

  it('hasValue, also of what is absent', async (t) => {
    const { key, holds } = await written(t);
    assert.equal(await holds(hasValue(key('a'), '1')), true);
    assert.equal(await holds(hasValue(key('a'), '0')), false);
    assert.equal(await holds(hasValue(key('b'), '')), false);
  });

  it('isAtRevision', async (t) => {
    const { key, holds, a } = await written(t);
    assert.deepEqual(
      [await holds(isAtRevision(key('a'), a)), await holds(isAtRevision(key('a'), a - 1))],
      [true, false],
    );
  });

  it('all have to hold', async (t) => {
    const { key, holds } = await written(t);
    assert.equal(await holds(isPresent(key('a')), isAbsent(key('b'))), true);
    assert.equal(await holds(isPresent(key('a')), isAbsent(key('c'))), false);
  });

  it('nested transactions count each by itself', async (t) => {
    const { client, key } = await written(t);
    const nested = (compare: Compare, name: string) => ({
      request_txn: { compare: [compare], success: [put(key(name), 'x')], failure: [] },
    });
    const { succeeded, responses } = await client.txn({
      compare: [hasValue(key('a'), '1')],
      success: [put(key('head'), ''), nested(isAbsent(key('b')), 'b'), nested(isAbsent(key('c')), 'c')],
      failure: [],
    });
    assert.equal(succeeded, true);
    assert.deepEqual(
      responses.slice(1).map(({ response_txn }) => response_txn?.succeeded),
      [true, false],
    );
    const { kvs } = await client.range(within({ from: key('a'), to: key('z') }));
    assert.deepEqual(
      kvs.map(({ value }) => value),
      ['1', 'x', '1', ''],
    );
    const { succeeded: again } = await client.txn({
      compare: [hasValue(key('a'), '2')],
      success: [removeAll({ from: key('a'), to: key('z') })],
      failure: [],
    });
    assert.equal(again, false);
    assert.equal((await client.range(within({ from: key('a'), to: key('z') }))).kvs.length, 4);
  });
});
