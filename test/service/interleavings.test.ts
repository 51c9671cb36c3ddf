import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { PoolError } from '../../src/errors.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { settled } from '../support/manual-store.ts';
import { ipOf, startService } from '../support/service.ts';

// Requests begin and commits end in any order, well or badly. What is durable, in the order in which it became so, is
// the truth: at every moment it must be a history in which no address has two owners and no owner two addresses.

type Step =
  | { readonly do: 'allocate'; readonly vm: number; readonly hostname: string | undefined }
  | { readonly do: 'release'; readonly vm: number }
  | { readonly do: 'releaseByIp'; readonly host: number }
  | { readonly do: 'succeed' | 'fail' | 'conflict'; readonly which: number };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('allocate' as const),
      vm: fc.nat(7),
      hostname: fc.constantFrom(undefined, 'x', 'y'),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), vm: fc.nat(7) }) },
  {
    weight: 1,
    arbitrary: fc.record({ do: fc.constant('releaseByIp' as const), host: fc.integer({ min: 2, max: 6 }) }),
  },
  { weight: 5, arbitrary: fc.record({ do: fc.constant('succeed' as const), which: fc.nat(7) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constantFrom('fail' as const, 'conflict' as const), which: fc.nat(7) }) },
);

/** The history in its naivest form: owner to address. Throws when an event contradicts it. */
class History {
  readonly held = new Map<string, string>();

  add(event: PoolEvent): void {
    if (event.type === 'ip_allocated') {
      assert.equal(this.held.has(event.vm_id), false, `${event.vm_id} gets a second address`);
      assert.equal([...this.held.values()].includes(event.ip), false, `${event.ip} gets a second owner`);
      this.held.set(event.vm_id, event.ip);
    } else if (event.type === 'ip_released') {
      assert.equal(this.held.get(event.vm_id), event.ip, 'a release of what is not held');
      this.held.delete(event.vm_id);
    } else if (event.type === 'ip_updated') {
      assert.equal(this.held.get(event.vm_id), event.ip, 'an update of what is not held');
    }
  }
}

const EXPECTED = new Set(['pool_exhausted', 'allocation_not_found', 'storage_full', 'conflict']);

async function run(steps: readonly Step[]): Promise<void> {
  const { store, network, allocate, release, releaseByIp, visible, counts } = await startService();
  const history = new History();
  const requests: Promise<void>[] = [];
  /** An answer has to be true at the moment at which it is given. */
  const request = (promise: Promise<unknown>) => {
    const ended = promise.then(
      () => undefined,
      (error: unknown) => assert.ok(error instanceof PoolError && EXPECTED.has(error.code), String(error)),
    );
    ended.catch(() => undefined); // asserted at the end, with all others
    requests.push(ended);
  };
  const end = (which: number, how: 'succeed' | 'fail' | 'conflict') => {
    const commit = store.commits[which % Math.max(store.commits.length, 1)];
    if (!commit) return;
    if (how === 'succeed') {
      commit.events.forEach((event) => history.add(event));
      commit.succeed();
    } else {
      commit.fail(how === 'fail' ? undefined : new PoolError('conflict', 'another was first'));
    }
  };
  const check = () => {
    assert.deepEqual(new Set(visible()), new Set(history.held.keys()));
    const allocated = history.held.size;
    assert.deepEqual(counts(), { total: 5, allocated, available: 5 - allocated });
    // What is decided and not durable is two owners' in no order of the commits.
    const underWay = store.commits.flatMap(({ events }) => events);
    const given = underWay.flatMap((event) => (event.type === 'ip_allocated' ? event.ip : []));
    assert.equal(new Set([...given, ...history.held.values()]).size, given.length + allocated);
    assert.equal(network.free.count, BigInt(5 - allocated - given.length));
  };
  for (const step of steps) {
    if (step.do === 'allocate') {
      const vm_id = `vm-${step.vm}`;
      request(allocate(vm_id, step.hostname).then((held) => assert.equal(history.held.get(vm_id), ipOf(held))));
    } else if (step.do === 'release') {
      const vm_id = `vm-${step.vm}`;
      request(release(vm_id).then(() => assert.equal(history.held.has(vm_id), false)));
    } else if (step.do === 'releaseByIp') {
      request(releaseByIp(`10.0.0.${step.host}`));
    } else {
      end(step.which, step.do);
    }
    await settled();
    check();
  }
  while (store.commits.length > 0) {
    end(0, 'succeed');
    await settled();
  }
  await Promise.all(requests);
  check();
}

describe('allocations, in any interleaving', () => {
  it('never give an address twice, show nothing that is not durable, and lose no address', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 1, maxLength: 60, size: 'max' }), run),
      { numRuns: 300 }, // fast-check prints the seed and the shortest steps of a failure
    );
  });
});
