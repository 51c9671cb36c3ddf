import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { PoolError } from '../../../src/errors.ts';
import { thisProcess } from '../../../src/host/process-identity.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { until } from '../../support/own-members.ts';
import { Site } from './site.ts';

/** A number that no process has any more. */
const ENDED = spawnSync(process.execPath, ['--version']).pid;
const OF_ENDED = thisProcess().name.replace(/\d+$/, String(ENDED));

// About 10 s: a registration is renewed every 5 s.
describe('two processes of one node id', { skip: missingEtcd(), concurrency: true }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  /** A node that is registered, by a process of its own, and a way to start another of its id. */
  async function registered(t: TestContext, name: string) {
    const self = { name, hasEnded: () => false };
    const prefix = site.prefix();
    const lost: PoolError[] = [];
    const first = site.store(t, { prefix, self, fatal: (error) => lost.push(error) });
    await first.open(() => undefined);
    first.register(() => ({ url: 'http://first' }));
    const client = site.client(t);
    await until('it is registered', async () => (await client.range({ key: `${prefix}node/n1` })).kvs.length > 0);
    const logged: string[] = [];
    const log = (_level: string, _facts: object, message: string) => logged.push(message);
    const open = async () => {
      const began = performance.now();
      await site.store(t, { prefix, log }).open(() => undefined);
      return performance.now() - began;
    };
    return { first, lost, logged, open };
  }

  it('are one too many while the first lives, on whichever machine', async (t) => {
    const { first, lost, logged, open } = await registered(t, `another-machine/${ENDED}`);
    await assert.rejects(open(), { code: 'data_locked', message: /n1 is in use.*http:\/\/first.*--node-id/ });
    assert.match(logged.join(), /waiting/);
    assert.deepEqual([first.health().writable, lost], [true, []]);
  });

  it('are one after the other when the first has ended, by a signal or by itself', async (t) => {
    const killed = await registered(t, OF_ENDED);
    assert.ok((await killed.open()) < 2000);
    const stopped = await registered(t, 'another-machine/1');
    await stopped.first.close();
    assert.ok((await stopped.open()) < 2000);
  });

  it('are found out by the one that has lost, though nobody asks it for anything', async (t) => {
    const { first, lost, open } = await registered(t, OF_ENDED);
    await open();
    await until('it finds out', () => lost.length > 0);
    assert.match(lost[0]?.message ?? '', /--node-id/);
    assert.equal(lost[0]?.code, 'data_locked');
    assert.equal(first.health().writable, false);
  });
});
