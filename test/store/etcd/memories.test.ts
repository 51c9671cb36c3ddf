import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { summaryOf } from '../../../src/migration/checksum.ts';
import { parseCidr } from '../../../src/net/cidr.ts';
import { Pool } from '../../../src/pool/pool.ts';
import { allocationAfter, cooldownAfter, networkAfter, snapshotOf } from '../../../src/pool/snapshot.ts';
import { Image } from '../../../src/store/etcd/image.ts';
import type { EtcdStore } from '../../../src/store/etcd/store.ts';
import { createTestApp, NOW } from '../../support/app.ts';
import type { NetworkAdded } from '../../../src/pool/events.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { SCOPE } from '../../support/service.ts';
import { added } from './events.ts';
import { Site } from './site.ts';
import { familiesOf } from '../../support/families.ts';

const OWNERS = 5;
const step = fc.record({
  op: fc.constantFrom('give', 'give', 'give', 'release', 'release', 'pass', 'set', 'shape'),
  owner: fc.nat(OWNERS),
  count: fc.integer({ min: 1, max: 4 }),
  at: fc.option(fc.integer({ min: 1, max: 14 }), { nil: undefined }),
  seconds: fc.constantFrom(1, 20, 70),
  network: fc.constantFrom('default', 'default', 'plain'),
});
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

// About 8 s.
describe('what etcd holds of released addresses', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  /** A service on etcd, in two networks: one where addresses cool and are kept in mind, one where they are only kept. */
  async function service(t: TestContext) {
    const prefix = site.prefix();
    const made = site.store(t, { prefix, node: 'first' });
    await made.open(() => undefined);
    const cooling = { cooldown_seconds: 60, sticky_seconds: 90, cooldown_policy: 'oldest' } as const;
    await made.commit([{ ...added('default', '10.0.0.0/28'), ...cooling, at: NOW }]);
    await made.commit([{ ...added('plain', '10.0.1.0/29'), sticky_seconds: 50, at: NOW } as NetworkAdded]);
    await made.close();
    let pool = new Pool();
    const store: EtcdStore = site.store(t, {
      prefix,
      node: 'second',
      afterwards: {
        allocation: (event) => allocationAfter(pool, event),
        memories: (event) => cooldownAfter(pool, event),
        network: (event) => networkAfter(pool, event),
      },
    });
    const app = await createTestApp({ store });
    ({ pool } = app);
    /** What a node holds that starts now. */
    const afresh = async () => {
      const loaded = new Pool();
      await new Image(site.client(t), prefix, 'w').read((event) => familiesOf(loaded).apply(event));
      return loaded;
    };
    const take = async ({ op, owner, count, at, seconds, network }: Step) => {
      const who = { vm_id: owner === 0 ? '' : `vm${owner}`, nic: '' };
      if (op === 'pass') app.pass(seconds * 1000);
      else if (op === 'set') {
        // What is released from now on is remembered otherwise, or not at all.
        const [cooldown_seconds, sticky_seconds] = [count % 2, count > 2 ? 1 : 0].map((each) => each * seconds);
        await app.networks.update(SCOPE, 'default', { cooldown_seconds, sticky_seconds });
      } else if (op === 'shape') {
        // What is remembered outside of the smaller ones is over, when it is large again too.
        const cidr = parseCidr(['10.0.0.0/28', '10.0.0.0/29', '10.0.0.8/29', '10.0.0.4/30'][count - 1] ?? '');
        await app.networks.update(SCOPE, 'default', { cidr });
      } else if (op === 'release') {
        if (owner > 0) await app.allocations.release(SCOPE, { network, owner: who });
        else if (at !== undefined) await app.allocations.releaseByIp(SCOPE, { network, ip: `10.0.0.${at}` });
      } else {
        const ip = at === undefined || network === 'plain' ? {} : { ip: `10.0.0.${at}` };
        const size = count === 1 ? {} : { count };
        await app.allocations.allocate(SCOPE, { network, owner: who, attributes: {}, ...ip, ...size });
      }
    };
    const compare = async () => {
      const loaded = await afresh();
      // The service's clock goes on a little faster while two changes fall into one millisecond.
      for (const each of [pool, loaded]) each.advance(app.clock.now + 1000);
      assert.deepEqual(summaryOf(familiesOf(loaded)), summaryOf(familiesOf(pool)), told(loaded, pool));
    };
    return { pool, take, compare, allocations: app.allocations };
  }

  it('is what a node holds that was there all the time', async (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40, size: 'max' }), async (steps) => {
        const { take, compare } = await service(t);
        for (const each of steps) {
          await take(each).catch((error: unknown) => {
            assert.ok(error instanceof Error && 'code' in error && error.code !== 'internal', String(error));
          });
        }
        await compare();
      }),
      { numRuns: 40, seed, endOnFailure: true },
    );
  });

  it('is a word for each of those who want one address back', async (t) => {
    const { pool, take, compare } = await service(t);
    const base = { count: 1, at: undefined, seconds: 1, network: 'plain' } as const;
    for (const owner of [1, 2]) {
      await take({ ...base, op: 'give', owner });
      await take({ ...base, op: 'release', owner });
    }
    assert.equal(pool.network('plain').cooldown.kept().length, 2);
    await compare();
  });

  it('is the rest of a range of which a part was given', async (t) => {
    const { pool, take, compare } = await service(t);
    const base = { at: 4, count: 1, seconds: 1, network: 'default' } as const;
    await take({ ...base, op: 'give', owner: 1, count: 4 });
    await take({ ...base, op: 'release', owner: 1, count: 4 });
    await take({ ...base, op: 'give', owner: 1, at: 5 });
    await take({ ...base, op: 'set', owner: 0, count: 2 });
    await take({ ...base, op: 'release', owner: 1 });
    assert.equal(pool.network('default').cooldown.cooling, 3n);
    await compare();
  });

  it('is nothing of what a network has given up, not even when it is as large again', async (t) => {
    const { pool, take, compare } = await service(t);
    const base = { count: 1, seconds: 1, network: 'default', at: undefined } as const;
    // Below what is left in the end, above it, and across its end.
    for (const [owner, at, count] of [
      [1, 1, 1],
      [2, 12, 1],
      [3, 6, 4],
      [4, 2, 1],
    ] as const) {
      await take({ ...base, op: 'give', owner, at, count });
      await take({ ...base, op: 'release', owner });
    }
    for (const count of [2, 4, 1]) {
      await take({ ...base, op: 'shape', owner: 0, count });
      await compare();
    }
    assert.deepEqual(pool.network('default').cooldown.kept(), []);
  });
});

function told(loaded: Pool, pool: Pool): string {
  const memories = (of: Pool) => [...snapshotOf(of)].filter(({ type }) => type === 'ip_remembered');
  return JSON.stringify({ loaded: memories(loaded), pool: memories(pool) }, undefined, 1);
}
