import assert from 'node:assert/strict';
import { lastAddress, sizeOf } from '../../src/net/cidr.ts';
import { formatAddress, parseAddress } from '../../src/net/address.ts';
import { ownerKey } from '../../src/pool/allocation.ts';
import type { Origin, Owner, PoolEvent } from '../../src/pool/events.ts';
import { decideRelease } from '../../src/pool/decide/release.ts';
import { PoolError } from '../../src/errors.ts';
import { violation } from '../../src/pool/invariants.ts';
import type { Network } from '../../src/pool/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import { snapshotOf } from '../../src/pool/snapshot.ts';
import { OWNERS } from './commands.ts';
import { type Given, includes, type ModelNetwork } from './model.ts';

/** What was decided, holds its addresses, and is not durable yet. */
interface Waiting {
  readonly id: string;
  readonly owner: string | undefined;
  readonly events: readonly PoolEvent[];
  readonly held: { readonly first: bigint; readonly last: bigint } | undefined;
  readonly tell: () => void;
}

/** The pool and the model side by side, in the way the service handles the pool. */
export class Pair {
  readonly models = new Map<string, ModelNetwork>();
  pool = new Pool();
  waiting: Waiting[] = [];
  #history: PoolEvent[] = [];
  #now = 1_700_000_000_000;

  get now(): number {
    return this.#now;
  }

  network(id: string): Network {
    return this.pool.network(id);
  }

  /** Time goes on, by a millisecond at least; what has ended by then ends. */
  pass(milliseconds: number): void {
    this.#now = Math.max(this.#now + Math.max(1, milliseconds), this.pool.time);
    this.pool.advance(this.#now);
    for (const model of this.models.values()) model.pass(this.#now);
    const isDue = ({ expires_at }: Given) => expires_at !== undefined && expires_at <= this.#now;
    for (const [id, model] of this.models) {
      const network = this.network(id);
      if (!model.given.some(isDue)) {
        assert.deepEqual(network.leases.due(this.#now, 100), []);
        continue;
      }
      this.settleAll();
      const due = model.given.filter(isDue);
      const leases = network.leases.due(this.#now, 100);
      assert.deepEqual(
        leases.map(({ offset }) => network.origin + offset).sort(ascending),
        due.map(({ first }) => first).sort(ascending),
      );
      for (const lease of leases) {
        const given = due.find(({ first }) => first === network.origin + lease.offset)!;
        const events = decideRelease(network, lease, 'expired', this.origin());
        assert.equal(events.length === 1 && events[0]?.type === 'ip_released' && events[0].reason, 'expired');
        this.apply(events);
        model.release(given, releasedAt(given, this.#now));
      }
    }
  }

  origin(): Origin {
    return { at: this.#now, actor: 'test', request_id: 'r' };
  }

  apply(events: readonly PoolEvent[]): void {
    for (const event of events) {
      assert.equal(violation(this.pool, event), undefined);
      this.pool.apply(event);
      this.#history.push(event);
    }
  }

  /** Decides, and looks whether anything but the answer came of it. Either events, or the code of the refusal. */
  decide(decide: () => PoolEvent[]): { events: PoolEvent[]; code: string | undefined } {
    try {
      return { events: decide(), code: undefined };
    } catch (error) {
      assert.ok(error instanceof PoolError, String(error));
      return { events: [], code: error.code };
    } finally {
      this.check();
    }
  }

  hold(id: string, held: { readonly first: bigint; readonly last: bigint }): void {
    const { origin } = this.network(id);
    this.network(id).hold(held.first - origin, held.last - origin);
    this.models.get(id)!.held.push(held);
  }

  settle({ id, events, held, tell }: Waiting, fate: 'commit' | 'fail'): void {
    const network = this.network(id);
    const model = this.models.get(id)!;
    if (fate === 'commit') {
      this.apply(events);
      tell();
      // Delivered, but the service has not been told yet.
      assert.equal(network.available, model.count().available);
    }
    if (!held) return;
    network.unhold(held.first - network.origin);
    model.held = model.held.filter((one) => one !== held);
  }

  /** A change of a network waits until nothing is under way. */
  settleAll(): void {
    for (const waiting of this.waiting.splice(0)) this.settle(waiting, 'commit');
  }

  restart(from: 'snapshot' | 'journal'): void {
    const before = this.pool;
    const expected = stateOf(before);
    this.pool = new Pool();
    const events = from === 'snapshot' ? [...snapshotOf(before)] : this.#history;
    this.#history = [];
    this.apply(events.map((event) => JSON.parse(JSON.stringify(event)) as PoolEvent));
    this.pool.advance(this.#now);
    this.waiting = [];
    for (const model of this.models.values()) model.held = [];
    assert.deepEqual(stateOf(this.pool), expected);
  }

  /** Compares everything there is to see, and the rules that hold of every pool. */
  check(): void {
    assert.deepEqual(
      [...this.pool.networks].map(({ id }) => id),
      [...this.models.keys()],
    );
    for (const [id, model] of this.models) this.#checkNetwork(this.network(id), model);
  }

  #checkNetwork(network: Network, model: ModelNetwork): void {
    const { origin } = network;
    const { cidr } = model.settings;
    const counts = model.count();
    assert.equal(network.allocated, counts.allocated, 'allocated');
    assert.equal(network.cooldown.cooling, counts.cooling, 'cooling');
    assert.equal(network.available, counts.available, 'available');
    assert.equal(network.count, model.given.length);
    const { allocated, available, cooldown: memories } = network;
    assert.equal(allocated + available + memories.cooling + counts.reserved, sizeOf(cidr), 'they add up');
    assert.equal(network.free.count, BigInt(model.addresses.filter((at) => model.isFree(at)).length));
    for (const address of model.addresses) {
      const offset = address - origin;
      assert.equal(network.free.has(offset), model.isFree(address), `free ${formatAddress(cidr.family, address)}`);
      assert.equal(memories.at(offset) !== undefined, model.isCooling(address));
      assert.equal(network.byOffset(offset) !== undefined, model.isGiven(address));
      assert.equal(network.assignable.unassignableAt(offset) === undefined, model.isOpen(address));
    }
    const listed = [...network.allocations()];
    assert.deepEqual(
      listed.map((allocation) => ({
        owner: ownerKey(allocation),
        first: origin + allocation.offset,
        last: origin + allocation.last,
        at: allocation.allocated_at,
        isPrefix: allocation.attributes.prefix_length !== undefined,
        hostname: allocation.attributes.hostname,
        expires_at: allocation.attributes.expires_at,
        ttl: allocation.attributes.ttl,
      })),
      model.given.toSorted((a, b) => ascending(a.first, b.first)),
    );
    for (const allocation of listed) {
      const { mac } = allocation.attributes;
      if (ownerKey(allocation) !== undefined)
        assert.deepEqual(network.byOwner(allocation), allocation, 'one per owner');
      if (mac !== undefined) assert.ok(network.byMac(mac).some(({ offset }) => offset === allocation.offset));
      assert.ok(network.assignable.isForHosts({ first: allocation.offset, last: allocation.last }, true));
    }
    assert.equal(
      network.leases.next ?? Number.POSITIVE_INFINITY,
      Math.min(...model.given.map(({ expires_at }) => expires_at ?? Number.POSITIVE_INFINITY)),
    );
    for (let owner = 0; owner < OWNERS; owner++) {
      const kept = model.keptFor(ownerKey(ownerNamed(owner)));
      assert.equal(network.cooldown.of(ownerNamed(owner))?.offset, kept && kept.first - origin, 'kept');
    }
    assert.equal(network.cursor, model.cursor === undefined ? undefined : model.cursor - origin);
    assert.ok(includes({ first: cidr.base, last: lastAddress(cidr) }, model.cursor ?? cidr.base));
  }
}

export function ownerNamed(owner: number): Owner {
  if (owner === OWNERS - 1) return { vm_id: '', nic: '' };
  if (owner === OWNERS - 2) return { vm_id: '', nic: '', key: 'k' };
  return { vm_id: `vm${owner >> 1}`, nic: owner % 4 === 3 ? 'eth1' : owner % 2 === 1 ? 'eth2' : '' };
}

/** A later allocation of the same address has a later time. */
export function releasedAt({ at }: Given, now: number): number {
  return Math.max(now, at + 1);
}

export function addressOf(text: string): bigint {
  return parseAddress(text)!.value;
}

const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);

/** The state, told in the same words by two pools of the same state. */
function stateOf(pool: Pool): string[] {
  return [...snapshotOf(pool)].map((event) => JSON.stringify(event)).sort();
}
