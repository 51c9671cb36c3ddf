import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { EtcdError } from '../../../src/store/etcd/failure.ts';
import { Keys } from '../../../src/store/etcd/keys.ts';
import type { RangeRequest, RangeResponse } from '../../../src/store/etcd/messages.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { added, allocated, released } from './events.ts';
import { Site } from './site.ts';
import { poolEvents } from '../../support/families.ts';

const ORIGIN = { at: 2, actor: 'test', request_id: 'r' };

/** Asks a real etcd, but before it reads one key something else happens, once. */
class Interrupted extends EtcdClient {
  readonly #key: string;
  readonly #happens: () => Promise<void>;
  #isOver = false;

  constructor(endpoints: readonly string[], key: string, happens: () => Promise<void>) {
    super({ endpoints, now: () => Date.now() });
    this.#key = key;
    this.#happens = happens;
  }

  override async range(request: RangeRequest): Promise<RangeResponse> {
    if (!this.#isOver && request.key === this.#key) {
      this.#isOver = true;
      await this.#happens();
    }
    return super.range(request);
  }
}

// About 3 s.
describe('a node that reads all that a cluster holds', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  /** A cluster with a network and an address in it, and a node that meets something when it has read the networks. */
  async function starting(t: TestContext, happens: (other: Store, prefix: string) => Promise<void>) {
    const prefix = site.prefix();
    const other = site.store(t, { prefix, node: 'other' });
    await other.open(() => undefined);
    await other.commit([added('default', '10.0.0.0/24')]);
    await other.commit([allocated('vm1', '10.0.0.1')]);
    const from = new Keys(prefix).family('res').from;
    const client = new Interrupted(site.etcd.endpoints, from, () => happens(other, prefix));
    const store = site.store(t, { prefix, client });
    const delivered: PoolEvent[] = [];
    const opened = store.open((batch) => delivered.push(...poolEvents(batch.events)));
    const types = () => delivered.map(({ type }) => type);
    return { other, store, opened, types };
  }

  it('asks for a page again at the revision of the others', async (t) => {
    const { other, store, opened, types } = await starting(t, async (other) => {
      await other.commit([
        released('vm1', '10.0.0.1', { reason: 'network_removed' }),
        { type: 'network_removed', network: 'default', cidr: '10.0.0.0/24', ...ORIGIN },
      ]);
      throw new EtcdError('UNAVAILABLE', 'no connection', 'here');
    });
    await opened;
    await Promise.all([store.barrier(), other.barrier()]);
    assert.deepEqual(types(), ['network_added', 'ip_allocated', 'ip_released', 'network_removed']);
  });

  it('ends when that revision is gone', async (t) => {
    const { opened } = await starting(t, async (other, prefix) => {
      const client = site.client(t);
      await other.commit([added(prefix, '10.1.0.0/24')]);
      await client.compact({ revision: other.revision, physical: true });
    });
    await assert.rejects(opened, { code: 'store_unavailable', message: /compacted.*start again/ });
  });
});

type Store = ReturnType<Site['store']>;
