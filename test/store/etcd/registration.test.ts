import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { EtcdError } from '../../../src/store/etcd/failure.ts';
import { Keys } from '../../../src/store/etcd/keys.ts';
import type { KeyValue, TxnResponse } from '../../../src/store/etcd/messages.ts';
import { Registration } from '../../../src/store/etcd/registration.ts';

const NOON = Date.parse('2026-07-01T12:00:00Z');
const RENEW_MS = 5000;

/** A registration whose etcd holds what two other nodes have told, and may be full. */
async function place(t: TestContext) {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const keys = new Keys('/r/');
  const header = { cluster_id: '1', member_id: '1', revision: '1', raft_term: '1' };
  const site = { isFull: false, leases: 0, kept: 15, revision: 1, clock: NOON, elapsed: 0 };
  const kvs = (): KeyValue[] =>
    ['one', 'two'].map((node) => ({
      key: keys.node(node),
      mod_revision: String(site.revision),
      value: JSON.stringify({ clock: NOON }),
    }));
  const registration = new Registration({
    client: {
      range: () => Promise.resolve({ header, kvs: kvs(), more: false, count: '2' }),
      txn: () => {
        if (site.isFull) return Promise.reject(new EtcdError('RESOURCE_EXHAUSTED', 'database space exceeded', 'x'));
        const response_range = { header, kvs: kvs(), more: false, count: '2' };
        return Promise.resolve({ header, succeeded: true, responses: [{}, { response_range }] } satisfies TxnResponse);
      },
      grantLease: () => Promise.resolve({ header, ID: String(++site.leases), TTL: '15', error: '' }),
      keepLease: () => Promise.resolve(site.kept),
      revokeLease: () => Promise.resolve({ header }),
    },
    key: keys.node('me'),
    nodes: keys.family('node'),
    now: () => site.clock,
    clock: () => site.elapsed,
    self: { name: 'me', hasEnded: () => false },
    log: () => undefined,
  });
  t.after(() => registration.close());
  registration.open(() => ({}));
  await settled();
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += RENEW_MS) {
      site.elapsed += RENEW_MS;
      site.clock += RENEW_MS;
      t.mock.timers.tick(RENEW_MS);
      await settled();
    }
  };
  return { registration, site, pass };
}

describe('Registration', () => {
  it('stays in the list while etcd is full, and comes back when its lease has ended', async (t) => {
    const { site, pass } = await place(t);
    site.isFull = true;
    await pass(30_000);
    assert.equal(site.leases, 1);
    site.kept = 0;
    site.isFull = false;
    await pass(RENEW_MS);
    assert.equal(site.leases, 2);
  });

  it('does not take what is not told anew for a clock that is behind', async (t) => {
    const { registration, pass, site } = await place(t);
    await pass(60_000);
    assert.equal(registration.skew, 0);
    assert.equal(registration.behind, 0);
    site.revision++;
    await pass(RENEW_MS); // told anew: noon, a minute later
    assert.equal(registration.skew, -60_000 - RENEW_MS);
    assert.equal(registration.behind, -60_000 - RENEW_MS);
  });

  it('hears that its own clock is put forward, though nobody tells anything anew', async (t) => {
    const { registration, pass, site } = await place(t);
    await pass(RENEW_MS);
    site.clock += 86_400_000;
    await pass(RENEW_MS);
    assert.equal(registration.skew, -86_400_000);
  });
});

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
