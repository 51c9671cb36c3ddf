import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { summaryOf } from '../../../src/migration/checksum.ts';
import { Image } from '../../../src/store/etcd/image.ts';
import { createTestApp } from '../../support/app.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { ipOf, rejects, SCOPE, wish } from '../../support/service.ts';
import { added } from './events.ts';
import { Proxy } from './proxy.ts';
import { Site } from './site.ts';
import { familiesOf } from '../../support/families.ts';

/** A request that was told 503, and is on its way to etcd all the same. */
interface Late {
  /** Lets it arrive. */
  readonly arrive: () => Promise<void>;
  /** Lets its node reach etcd again. */
  readonly reconnect: () => void;
}

// About 8 s, most of it waiting for deadlines.
describe('a commit that nobody waits for any more', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  /** Two nodes; the first reaches etcd through a proxy alone. */
  async function nodes(t: TestContext) {
    const proxy = await Proxy.start(t, site.etcd.endpoints[0]!);
    const prefix = site.prefix();
    const own = site.store(t, { prefix, node: 'own', endpoints: [proxy.url] });
    const other = site.store(t, { prefix, node: 'other' });
    const seed = site.store(t, { prefix, node: 'seed' });
    await seed.open(() => undefined);
    await seed.commit([added('default', '10.0.0.0/28')]); // the lowest address first: both nodes give the same next
    await seed.close();
    const [here, there] = [await createTestApp({ store: own }), await createTestApp({ store: other })];
    const ask = (app: typeof here, vm_id: string, count?: number) =>
      app.allocations.allocate(SCOPE, wish(vm_id, count === undefined ? {} : { count })).then(ipOf);
    /** Holds back what the first node is asked for, until whoever asked has been told that it cannot be had. */
    const late = async (vm_id: string, count?: number): Promise<Late> => {
      proxy.hold();
      const asked = ask(here, vm_id, count);
      asked.catch(() => undefined);
      for (const end = Date.now() + 2000; proxy.kept === 0 && Date.now() < end;) await sleep(10);
      await sleep(100); // the rest of its bytes
      proxy.seal();
      await rejects(asked, 'store_unavailable');
      return {
        arrive: async () => {
          proxy.release();
          await sleep(300);
          await other.barrier();
        },
        reconnect: () => {
          proxy.cut();
          proxy.pass();
        },
      };
    };
    /** Asks again, as a client does, for as long as it is told to. */
    const again = async (vm_id: string, count?: number): Promise<string> => {
      for (const end = Date.now() + 15_000; ;) {
        try {
          return await ask(here, vm_id, count);
        } catch (error) {
          if ((error as { code?: string }).code !== 'store_unavailable' || Date.now() > end) throw error;
          await sleep(50);
        }
      }
    };
    /** Both nodes hold the same, and so does one that starts now. */
    const agree = async () => {
      await Promise.all([own.barrier(), other.barrier()]);
      const families = familiesOf();
      await new Image(site.client(t), prefix, 'w').read((event) => families.apply(event));
      for (const pool of [here.pool, there.pool]) assert.deepEqual(summaryOf(familiesOf(pool)), summaryOf(families));
    };
    const heldThere = (vm_id: string) => there.listing.get(SCOPE, { network: 'default', owner: { vm_id, nic: '' } });
    return { late, again, agree, heldThere, give: (vm_id: string) => ask(there, vm_id) };
  }

  it('counts when it arrives: whoever asks again gets the same address, and nobody else does', async (t) => {
    const { late, again, agree, heldThere, give } = await nodes(t);
    const { arrive, reconnect } = await late('a');
    await rejects(heldThere('a'), 'allocation_not_found');
    await arrive();
    const ip = ipOf(await heldThere('a'));
    assert.notEqual(await give('b'), ip);
    reconnect();
    assert.equal(await again('a'), ip);
    assert.notEqual(await again('c'), ip);
    await agree();
  });

  it('does not count when somebody else was first: whoever asks again gets another address', async (t) => {
    const { late, again, agree, heldThere, give } = await nodes(t);
    const { arrive, reconnect } = await late('a');
    const ip = await give('b');
    await arrive();
    await rejects(heldThere('a'), 'allocation_not_found');
    reconnect();
    assert.notEqual(await again('a'), ip);
    await agree();
  });

  it('counts with all of a range, of which its own node gives no part to others', async (t) => {
    const { late, again, agree, heldThere } = await nodes(t);
    const { arrive, reconnect } = await late('a', 4);
    await arrive();
    const first = ipOf(await heldThere('a'));
    reconnect();
    // It has not heard of the range when it decides.
    const [range, ...others] = await Promise.all([again('a', 4), again('b'), again('c')]);
    assert.equal(range, first);
    const { allocation } = await heldThere('a');
    assert.equal(allocation.last - allocation.offset, 3n);
    assert.equal(new Set([first, ...others]).size, 3);
    await agree();
  });
});
