import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { PoolError } from '../../src/errors.ts';
import { settled } from '../support/manual-store.ts';
import { ipOf, isPending, rejects, startService, wish } from '../support/service.ts';

/** The index that an error tells. */
async function indexOf(promise: Promise<unknown>, code: string): Promise<unknown> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof PoolError, String(error));
  assert.equal(error.code, code, error.message);
  return error.details.index;
}

/** Two networks: five addresses of IPv4, one of IPv6. */
async function startDual() {
  const service = await startService();
  const other = await service.add('fd00:1::/127', 'six');
  const both = (vm_id: string, more = {}) =>
    service.askAll(wish(vm_id, more), wish(vm_id, { network: 'six', ...more }));
  return { ...service, other, both };
}

describe('allocations.allocateAll', () => {
  it('gives both families in one commit', async () => {
    const { both, commit, store, durable } = await startDual();
    const given = both('a');
    await settled();
    assert.equal(store.commits.length, 1);
    assert.deepEqual(
      commit().events.map((event) => 'ip' in event && event.ip),
      ['10.0.0.2', 'fd00:1::'],
    );
    const addresses = await durable(given);
    assert.deepEqual(addresses.map(ipOf), ['10.0.0.2', 'fd00:1::']);
    assert.deepEqual(
      addresses.map(({ created }) => created),
      [true, true],
    );
  });

  it('gives none when one of them cannot be had, and holds nothing after that', async () => {
    const { both, ask, durable, store, network, other } = await startDual();
    await durable(both('a'));
    await durable(both('b'));
    assert.equal(await indexOf(both('c'), 'pool_exhausted'), 1);
    assert.equal(store.commits.length, 0);
    assert.equal(network.available, 3n);
    assert.equal(network.free.count, 3n, 'what was decided for the first is let go of');
    assert.equal(other.free.count, 0n);
    assert.equal(ipOf(await durable(ask('c'))), '10.0.0.4');
  });

  it('gives none when the commit fails, and holds nothing after that', async () => {
    const { both, commit, network, other } = await startDual();
    const given = both('a');
    await settled();
    assert.deepEqual([network.free.count, other.free.count], [4n, 1n]);
    commit().fail();
    await rejects(given, 'storage_full');
    assert.deepEqual([network.free.count, other.free.count], [5n, 2n]);
    assert.deepEqual([network.count, other.count], [0, 0]);
  });

  it('tells those that the owner holds, and gives what is missing', async () => {
    const { ask, both, durable } = await startDual();
    await durable(ask('a'));
    const given = await durable(both('a'));
    assert.deepEqual(
      given.map(({ created }) => created),
      [false, true],
    );
    const again = await durable(both('a'));
    assert.deepEqual(
      again.map(({ created }) => created),
      [false, false],
    );
    assert.deepEqual(again.map(ipOf), given.map(ipOf));
  });

  it('waits for each of its owners, in whichever network something is under way', async () => {
    const { ask, both, commit, durable, store } = await startDual();
    const one = ask('a', { network: 'six' });
    await settled();
    const two = both('a');
    assert.equal(await isPending(two), true);
    assert.equal(store.commits.length, 1);
    commit().succeed();
    const given = await durable(two);
    assert.equal(ipOf(await one), ipOf(given[1] ?? assert.fail()));
  });

  it('gives a list of addresses to one VM, all or none', async () => {
    const { askAll, durable, network } = await startService();
    const list = (vm_id: string, count: number) =>
      askAll(
        ...Array.from({ length: count }, (_, i) => wish(vm_id, { owner: { vm_id, nic: i === 0 ? '' : `.${i}` } })),
      );
    const given = await durable(list('a', 3));
    assert.deepEqual(given.map(ipOf), ['10.0.0.2', '10.0.0.3', '10.0.0.4']);
    assert.equal(await indexOf(list('b', 3), 'pool_exhausted'), 2);
    assert.equal(network.free.count, 2n);
    assert.deepEqual((await durable(list('b', 2))).map(ipOf), ['10.0.0.5', '10.0.0.6']);
  });

  it('refuses an owner that stands twice, before anything is decided', async () => {
    const { askAll, store, network } = await startService();
    assert.equal(await indexOf(askAll(wish('a'), wish('b'), wish('a')), 'invalid_request'), 2);
    const key = { owner: { vm_id: '', nic: '', key: 'k' } };
    assert.equal(await indexOf(askAll(wish('', key), wish('', key)), 'invalid_request'), 1);
    assert.equal(store.commits.length, 0);
    assert.equal(network.free.count, 5n);
  });

  it('does not take two that nobody can ask for again for the same owner', async () => {
    const { askAll, durable } = await startService();
    const given = await durable(askAll(wish(''), wish('')));
    assert.deepEqual(given.map(ipOf), ['10.0.0.2', '10.0.0.3']);
  });

  it('refuses an address that is named twice, also while others allocate', async () => {
    const { askAll, ask, store, commit, network } = await startService();
    assert.equal(
      await indexOf(askAll(wish('a', { ip: '10.0.0.4' }), wish('b', { ip: '10.0.0.4' })), 'invalid_request'),
      1,
    );
    const twice = () => askAll(wish('a', { ip: '10.0.0.4' }), wish('b', { ip: '10.0.0.3', count: 2 })); // a range over it
    assert.equal(await indexOf(twice(), 'conflict'), 1);
    const refused = indexOf(twice(), 'conflict');
    // Somebody is always under way: that must not keep it waiting for ever.
    const others: Promise<unknown>[] = [];
    const ended = { yet: false };
    void refused.then(() => (ended.yet = true));
    for (let i = 0; i < 100 && !ended.yet; i++) {
      others.push(ask('x', { attributes: { hostname: `h${i}` } }));
      await settled();
      others.push(ask('y', { attributes: { hostname: `h${i}` } }));
      await settled();
      while (store.commits.length > 0) commit().succeed();
    }
    assert.equal(await refused, 1);
    await Promise.allSettled(others);
    assert.equal(network.byOffset(4n), undefined);
  });
});

describe('a named address', () => {
  it('that two ask for is given to the first; the second waits, then is told who holds it', async () => {
    const { ask, durable, commit, store } = await startService();
    const first = ask('a', { ip: '10.0.0.4' });
    const second = ask('b', { ip: '10.0.0.4' });
    assert.equal(await isPending(second), true);
    assert.equal(store.commits.length, 1);
    commit().succeed();
    assert.equal(ipOf(await first), '10.0.0.4');
    await assert.rejects(durable(second), (error) => {
      assert.ok(error instanceof PoolError);
      assert.deepEqual([error.code, error.details.vm_id, error.details.ip], ['address_taken', 'a', '10.0.0.4']);
      return true;
    });
  });

  it('goes to the second when the first fails', async () => {
    const { ask, commit } = await startService();
    const first = ask('a', { ip: '10.0.0.4' });
    const second = ask('b', { ip: '10.0.0.4' });
    await settled();
    commit().fail();
    await rejects(first, 'storage_full');
    await settled();
    commit().succeed();
    assert.equal(ipOf(await second), '10.0.0.4');
  });

  it('is refused to an owner that holds another, saying which', async () => {
    const { ask, hold } = await startService();
    await hold('a');
    await assert.rejects(ask('a', { ip: '10.0.0.4' }), (error) => {
      assert.ok(error instanceof PoolError);
      assert.deepEqual([error.code, error.details.ip, error.details.field], ['address_mismatch', '10.0.0.2', 'ip']);
      return true;
    });
  });
});

describe('an idempotency key', () => {
  const key = (text: string) => ({ owner: { vm_id: '', nic: '', key: text } });

  it('gets the same address again, and another key another', async () => {
    const { ask, durable } = await startService();
    const first = await durable(ask('', key('k-1')));
    const again = await durable(ask('', key('k-1')));
    assert.deepEqual([first.created, again.created], [true, false]);
    assert.equal(ipOf(again), ipOf(first));
    assert.notEqual(ipOf(await durable(ask('', key('k-2')))), ipOf(first));
  });

  it('waits while the first request with it is under way, and gets what that got', async () => {
    const { ask, commit, store } = await startService();
    const [first, second] = [ask('', key('k-1')), ask('', key('k-1'))];
    assert.equal(await isPending(second), true);
    assert.equal(store.commits.length, 1);
    commit().succeed();
    assert.equal(ipOf(await second), ipOf(await first));
    assert.deepEqual([(await first).created, (await second).created], [true, false]);
  });

  it('is not a VM of that name', async () => {
    const { ask, durable, get } = await startService();
    const keyed = await durable(ask('', key('a')));
    const named = await durable(ask('a'));
    assert.notEqual(ipOf(keyed), ipOf(named));
    assert.equal(ipOf(await get('a')), ipOf(named));
  });
});
