import assert from 'node:assert/strict';
import { after, before, describe, it, type TestContext } from 'node:test';
import type { PoolEvent } from '../../../src/pool/events.ts';
import type { Delivered } from '../../../src/store/delivered.ts';
import { missingEtcd } from '../../support/etcd-binary.ts';
import { added, allocated, released, reserved } from './events.ts';
import { Site } from './site.ts';
import { poolEvents } from '../../support/families.ts';

// Two nodes that decide on the same state and do not know of each other: one of them is first. About 3 s.
describe('two nodes on one etcd', { skip: missingEtcd() }, () => {
  let site: Site;
  before(async () => {
    site = await Site.start();
  });
  after(() => site.stop());

  /** Two open stores, after some commits that both have seen. */
  async function nodes(t: TestContext, before: readonly PoolEvent[] = []) {
    const prefix = site.prefix();
    const delivered: Record<string, PoolEvent[]> = { a: [], b: [] };
    const [a, b] = ['a', 'b'].map((node) => site.store(t, { prefix, node })) as [Store, Store];
    await a.open((batch) => delivered.a!.push(...poolEvents(batch.events)));
    await b.open((batch) => delivered.b!.push(...poolEvents(batch.events)));
    for (const event of before) await a.commit([event]);
    await b.barrier();
    /** Hands one commit to each in the same moment; tells how they ended. */
    const race = async (ofA: readonly PoolEvent[], ofB: readonly PoolEvent[]) => {
      const ends = await Promise.allSettled([a.commit(ofA), b.commit(ofB)]);
      await Promise.all([a.barrier(), b.barrier()]);
      assert.deepEqual(delivered.a, delivered.b, 'both have seen the same, in the same order');
      return ends.map((end) => (end.status === 'fulfilled' ? 'ok' : (end.reason as { code: string }).code)).sort();
    };
    const open = async () => {
      const c = site.store(t, { prefix, node: 'c' });
      const found: PoolEvent[] = [];
      await c.open((batch) => found.push(...poolEvents(batch.events)));
      return found;
    };
    return { a, b, delivered, race, open };
  }

  it('names the source of a delivery, and gives it the same position on both nodes', async (t) => {
    const prefix = site.prefix();
    const batches: Record<string, Delivered[]> = { a: [], b: [] };
    const [a, b] = ['a', 'b'].map((node) => site.store(t, { prefix, node })) as [Store, Store];
    await a.open((delivered) => batches.a!.push(delivered));
    await b.open((delivered) => batches.b!.push(delivered));
    await a.commit([added('default', '10.0.0.0/24')]);
    await b.barrier();
    await b.commit([allocated('vm1', '10.0.0.5')]);
    await a.barrier();
    const sourcesOf = (node: string) => batches[node]?.map(({ source }) => source);
    assert.deepEqual(
      [sourcesOf('a'), sourcesOf('b')],
      [
        ['own', 'other'],
        ['other', 'own'],
      ],
    );
    const positionsOf = (node: string) => batches[node]?.map(({ position }) => position);
    assert.deepEqual(positionsOf('a'), positionsOf('b'));
  });

  const ONE = ['conflict', 'ok'];
  const BOTH = ['ok', 'ok'];
  const NETWORK = added('default', '10.0.0.0/24');
  const RANGE = { end_ip: '10.0.0.11' };
  const HELD = [NETWORK, allocated('vm1', '10.0.0.5')];

  const races: readonly [string, readonly PoolEvent[], PoolEvent, PoolEvent, string[]][] = [
    ['different addresses and owners', [NETWORK], allocated('vm1', '10.0.0.5'), allocated('vm2', '10.0.0.6'), BOTH],
    ['the same address', [NETWORK], allocated('vm1', '10.0.0.5'), allocated('vm2', '10.0.0.5'), ONE],
    ['the same owner', [NETWORK], allocated('vm1', '10.0.0.5'), allocated('vm1', '10.0.0.6'), ONE],
    ['a range and an address in it', [NETWORK], allocated('vm1', '10.0.0.4', RANGE), allocated('vm2', '10.0.0.9'), ONE],
    ['ranges that overlap', [NETWORK], allocated('vm1', '10.0.0.4', RANGE), allocated('vm2', '10.0.0.8', RANGE), ONE],
    ['two releases of one address', HELD, released('vm1', '10.0.0.5'), released('vm1', '10.0.0.5'), ONE],
    [
      'a release and a change of it',
      HELD,
      released('vm1', '10.0.0.5'),
      { ...allocated('vm1', '10.0.0.5'), type: 'ip_updated' },
      ONE,
    ],
    [
      'a reservation and an address in it',
      [NETWORK],
      reserved('10.0.0.8-10.0.0.15'),
      allocated('vm1', '10.0.0.9'),
      ONE,
    ],
    ['two networks that may overlap', [], added('n1', '10.1.0.0/16'), added('n2', '10.1.2.0/24'), ONE],
    ['the same network', [], added('n1', '10.1.0.0/16'), added('n1', '10.1.0.0/16'), ONE],
    [
      'the end of a network and an address in it',
      [NETWORK],
      { type: 'network_removed', network: 'default', cidr: '10.0.0.0/24', at: 2, actor: 'test', request_id: 'r' },
      allocated('vm1', '10.0.0.9'),
      ONE,
    ],
  ];
  for (const [what, before, ofA, ofB, ends] of races) {
    it(`${what}: ${ends === BOTH ? 'both' : 'one'}`, async (t) => {
      const { race } = await nodes(t, before);
      assert.deepEqual(await race([ofA], [ofB]), ends);
    });
  }

  it('an exclusion and an address: the address only when it is first, for then it stays', async (t) => {
    const { race, delivered } = await nodes(t, [NETWORK]);
    const excluding = { ...NETWORK, type: 'network_updated', excluded: ['10.0.0.9'] } as unknown as PoolEvent;
    const ends = await race([excluding], [allocated('vm1', '10.0.0.9')]);
    const types = delivered.a!.slice(1).map(({ type }) => type);
    assert.deepEqual(
      [ends, types],
      types.length === 2 ? [BOTH, ['ip_allocated', 'network_updated']] : [ONE, ['network_updated']],
    );
  });

  it('gives an address that another node has just released to nobody who does not know of that', async (t) => {
    const { a, b } = await nodes(t, HELD);
    const stale = b.commit([allocated('vm2', '10.0.0.5')]);
    await assert.rejects(stale, { code: 'conflict' });
    await a.commit([released('vm1', '10.0.0.5')]);
    await b.barrier();
    await b.commit([allocated('vm2', '10.0.0.5')]);
  });

  it('gives no address that cools since a moment ago', async (t) => {
    const { a, b } = await nodes(t, [NETWORK]);
    // Given and taken back, both unknown to the other node, whose own commit is decided before.
    await a.commit([allocated('vm1', '10.0.0.5')]);
    const cooling = a.commit([released('vm1', '10.0.0.5', { cooling_until: Date.now() + 60_000 })]);
    const stale = b.commit([allocated('vm2', '10.0.0.5')]);
    const ends = await Promise.allSettled([cooling, stale]);
    assert.equal(ends[1].status, 'rejected');
  });

  it('lets many ranges of one node follow each other', async (t) => {
    const { a } = await nodes(t, [NETWORK]);
    const range = (n: number) => allocated(`vm${n}`, `10.0.0.${n * 8}`, { end_ip: `10.0.0.${n * 8 + 7}` });
    await Promise.all(Array.from({ length: 30 }, (_, n) => a.commit([range(n + 1)])));
  });

  it('counts a commit of several events, or none of it', async (t) => {
    const { a, b, delivered } = await nodes(t, HELD);
    const many = [allocated('vm2', '10.0.0.6'), allocated('vm3', '10.0.0.5')];
    await assert.rejects(b.commit(many), { code: 'conflict' });
    await a.barrier();
    assert.equal(delivered.a!.length, HELD.length);
    // What stands before in the same commit makes room for what comes behind.
    await b.commit([released('vm1', '10.0.0.5'), allocated('vm3', '10.0.0.5')]);
  });

  it('refuses more than a transaction holds, and changes nothing', async (t) => {
    const { a, delivered } = await nodes(t, [NETWORK]);
    const many = (count: number) => Array.from({ length: count }, (_, n) => allocated(`vm${n}`, `10.0.0.${n}`));
    await assert.rejects(a.commit(many(100)), { code: 'commit_too_large' });
    await assert.rejects(a.commit([allocated('vm', '10.0.0.9', { description: 'x'.repeat(1_500_000) })]), {
      code: 'commit_too_large',
    });
    await a.commit(many(30));
    assert.equal(delivered.a!.length, 31);
  });

  it('tells a node that starts what is, and not what was', async (t) => {
    const { a, open } = await nodes(t, HELD);
    await a.commit([allocated('vm2', '10.0.0.6')]);
    await a.commit([released('vm1', '10.0.0.5', { cooling_until: 5, at: 9 })]);
    await a.commit([reserved('10.0.0.9')]);
    assert.deepEqual(await open(), [
      NETWORK,
      reserved('10.0.0.9'),
      { type: 'ip_remembered', network: 'default', ip: '10.0.0.5', vm_id: 'vm1', nic: '', cooling_until: 5 },
      allocated('vm2', '10.0.0.6'),
      { type: 'time_told', at: 9 },
    ]);
  });

  it('leaves nothing of a network that has gone', async (t) => {
    const { a, open } = await nodes(t, HELD);
    await a.commit([
      released('vm1', '10.0.0.5', { reason: 'network_removed' }),
      {
        type: 'network_removed',
        network: 'default',
        cidr: '10.0.0.0/24',
        at: 2,
        actor: 'test',
        request_id: 'r',
      } as PoolEvent,
    ]);
    assert.deepEqual(await open(), [{ type: 'time_told', at: 2 }]);
  });

  it('gives nothing in a network that the same node has just taken away', async (t) => {
    const { a, b, delivered } = await nodes(t, [NETWORK]);
    const gone = { type: 'network_removed', network: 'default', cidr: '10.0.0.0/24', at: 2, actor: 'test' } as const;
    // Both are decided on what was before, and go in their order.
    const ends = await Promise.allSettled([
      a.commit([{ ...gone, request_id: 'r' } as PoolEvent]),
      a.commit([allocated('vm1', '10.0.0.5')]),
    ]);
    assert.deepEqual(
      ends.map(({ status }) => status),
      ['fulfilled', 'rejected'],
    );
    await b.barrier();
    assert.deepEqual(
      delivered.b!.map(({ type }) => type),
      ['network_added', 'network_removed'],
    );
  });

  it('keeps texts from outside in their place', async (t) => {
    const { a, open } = await nodes(t, [NETWORK]);
    const ids = ['a/b', 'a', 'a%', '../x', '\ud800', '\udfff', 'ä', 'a\0b', '%002f', '/'];
    for (const [n, id] of ids.entries()) await a.commit([allocated(id, `10.0.0.${n + 10}`)]);
    const found = (await open()).flatMap((event) => (event.type === 'ip_allocated' ? [event.vm_id] : []));
    assert.deepEqual(found, ids);
  });
});

type Store = ReturnType<Site['store']>;
