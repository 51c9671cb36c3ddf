import assert from 'node:assert/strict';
import { parseCidr } from '../../src/net/cidr.ts';
import { decideAddNetwork, decideAllocate, decideRelease, decideUpdateNetwork } from '../../src/pool/decide.ts';
import type { Origin, PoolEvent } from '../../src/pool/events.ts';
import { violation } from '../../src/pool/invariants.ts';
import type { Network } from '../../src/pool/network.ts';
import { Pool } from '../../src/pool/pool.ts';
import { snapshotOf } from '../../src/pool/snapshot.ts';
import { strategyNamed, type StrategyName } from '../../src/pool/strategy.ts';
import type { Command, Fate } from './commands.ts';
import { Model } from './model.ts';

const ID = 'default';
const BASE = 0xac100000; // 172.16.0.0: with the sign bit of a 32 bit integer
const GATEWAY = 1;

/** What was decided, holds its address, and is not durable yet. */
interface Waiting {
  readonly vm: string;
  readonly events: readonly PoolEvent[];
  readonly held: number | undefined;
}

/** The pool and the model side by side, taken through the same commands in the way the service takes them. */
export class Pair {
  readonly model: Model;
  #pool = new Pool();
  readonly #history: PoolEvent[] = [];
  #waiting: Waiting[] = [];
  #clock = 1_700_000_000_000;

  constructor(strategy: StrategyName, prefixLength: number) {
    this.model = new Model(2 ** (32 - prefixLength), GATEWAY, strategy);
    const cidr = parseCidr(`172.16.0.0/${prefixLength}`)!;
    this.#apply(decideAddNetwork(ID, { cidr, gateway: undefined, excluded: [], strategy }, this.#origin()));
  }

  get #network(): Network {
    return this.#pool.network(ID);
  }

  run(command: Command): void {
    switch (command.do) {
      case 'allocate':
        this.#allocate(command);
        return;
      case 'release':
        this.#release(command.vm, this.#network.byOwner({ vm_id: command.vm, nic: '' }), command.fate);
        return;
      case 'releaseByIp': {
        const allocation = this.#network.byOffset(command.offset);
        const expected = this.model.places[command.offset]?.vm;
        assert.equal(allocation?.vm_id, expected);
        if (expected !== undefined) this.#release(expected, allocation, command.fate);
        return;
      }
      case 'settle': {
        const oldest = this.#waiting.shift();
        if (oldest) this.#settle(oldest, command.fate);
        return;
      }
      case 'update':
        this.#update(command);
        return;
      case 'restart':
        this.#restart(command.from);
    }
  }

  /** Compares everything there is to see, and the rules that hold of every pool. */
  check(): void {
    const network = this.#network;
    const { model } = this;
    const listed = [...network.allocations()];
    let listedAt = 0;
    for (let offset = 0; offset < model.size; offset++) {
      const given = model.places[offset];
      const allocation = network.byOffset(offset);
      assert.equal(network.free.has(offset), model.isFree(offset), `free(${offset})`);
      assert.equal(allocation?.vm_id, given?.vm, `holder of ${offset}`);
      if (!given || !allocation) continue;
      assert.deepEqual(
        { offset: allocation.offset, hostname: allocation.hostname, at: allocation.allocated_at },
        { offset, hostname: given.hostname, at: given.at },
      );
      assert.equal(network.byOwner(allocation), allocation, 'ip-to-vm and vm-to-ip are inverse');
      assert.equal(listed[listedAt++], allocation, 'listed in the order of addresses');
      assert.ok(model.isHost(offset), 'neither network, broadcast nor gateway address is given');
    }
    assert.equal(listedAt, listed.length);
    assert.equal(network.allocated, model.allocated());
    assert.equal(network.available, model.available());
    assert.equal(network.cursor, model.cursor);
    assert.equal(network.settings.strategy, model.strategy);
  }

  #allocate({ vm, hostname, random, fate }: Extract<Command, { do: 'allocate' }>): void {
    if (this.#waiting.some((waiting) => waiting.vm === vm)) return; // the service lets it wait
    const network = this.#network;
    const strategy = strategyNamed(network.settings.strategy, this.model.size, () => random);
    const decide = () => decideAllocate(network, { vm_id: vm, nic: '' }, hostname, strategy, this.#origin());
    const at = this.model.whereIs(vm);
    if (at !== undefined) {
      const events = this.#dry(decide);
      const changes = hostname !== undefined && hostname !== this.model.places[at]?.hostname;
      assert.deepEqual(
        events.map(({ type }) => type),
        changes ? ['ip_updated'] : [],
      );
      if (changes) this.#end({ vm, events, held: undefined }, fate);
      return;
    }
    const expected = this.model.next(random);
    if (expected === undefined) {
      assert.throws(() => this.#dry(decide), { code: 'pool_exhausted' });
      return;
    }
    const events = this.#dry(decide);
    assert.equal(events.length, 1);
    assert.ok(events[0]?.type === 'ip_allocated');
    assert.equal(network.offsetOf(events[0].ip), expected);
    network.hold(expected);
    this.model.held[expected] = true;
    this.#end({ vm, events, held: expected }, fate);
  }

  #release(vm: string, allocation: ReturnType<Network['byOwner']>, fate: Fate): void {
    if (this.#waiting.some((waiting) => waiting.vm === vm)) return;
    assert.equal(allocation?.offset, this.model.whereIs(vm));
    if (!allocation) return;
    const events = this.#dry(() => decideRelease(this.#network, allocation, this.#origin()));
    this.#end({ vm, events, held: undefined }, fate);
  }

  #update({ excluded, strategy }: Extract<Command, { do: 'update' }>): void {
    const ranges = excluded.map(([first, last]) => ({ first: BASE + first, last: BASE + last }));
    this.#apply(this.#dry(() => decideUpdateNetwork(this.#network, { excluded: ranges, strategy }, this.#origin())));
    this.model.excluded = this.model.places.map((_, at) => excluded.some(([first, last]) => at >= first && at <= last));
    this.model.strategy = strategy ?? this.model.strategy;
    const again = decideUpdateNetwork(this.#network, { excluded: [...ranges].reverse(), strategy }, this.#origin());
    assert.deepEqual(again, [], 'the same settings again are no change');
  }

  #restart(from: 'snapshot' | 'journal'): void {
    const before = this.#pool;
    this.#pool = new Pool();
    for (const event of from === 'snapshot' ? snapshotOf(before) : this.#history) {
      assert.equal(violation(this.#pool, event), undefined);
      this.#pool.apply(event);
    }
    this.#waiting = [];
    this.model.held.fill(false);
  }

  #end(decided: Waiting, fate: Fate): void {
    if (fate === 'wait') this.#waiting.push(decided);
    else this.#settle(decided, fate);
  }

  #settle({ vm, events, held }: Waiting, fate: 'commit' | 'fail'): void {
    if (fate === 'commit') {
      this.#apply(events);
      for (const event of events) this.#tellModel(vm, event);
      // Delivered, but the service has not been told yet.
      assert.equal(this.#network.available, this.model.available());
    }
    if (held === undefined) return;
    this.#network.unhold(held);
    this.model.held[held] = false;
  }

  #tellModel(vm: string, event: PoolEvent): void {
    const { places } = this.model;
    if (event.type === 'ip_allocated') {
      const offset = this.#network.offsetOf(event.ip)!;
      places[offset] = { vm, hostname: event.hostname, at: event.at };
      this.model.cursor = offset;
      return;
    }
    const offset = this.model.whereIs(vm)!;
    const given = places[offset]!;
    places[offset] = event.type === 'ip_updated' ? { ...given, hostname: event.hostname } : undefined;
  }

  #apply(events: readonly PoolEvent[]): void {
    for (const event of events) {
      assert.equal(violation(this.#pool, event), undefined);
      this.#pool.apply(event);
      this.#history.push(event);
    }
  }

  /** Decides, and looks whether anything but the answer came of it. */
  #dry<T>(decide: () => T): T {
    const before = this.#seen();
    try {
      return decide();
    } finally {
      assert.deepEqual(this.#seen(), before, 'a decision changes nothing');
    }
  }

  #seen() {
    const { settings, cursor, allocated, available, free } = this.#network;
    const offsets = Array.from({ length: this.model.size }, (_, at) => free.has(at));
    return { settings, cursor, allocated, available, offsets, records: [...this.#network.allocations()] };
  }

  #origin(): Origin {
    return { at: this.#clock++, actor: 'test', request_id: 'r' };
  }
}
