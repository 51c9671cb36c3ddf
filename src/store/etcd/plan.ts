import { ownerKey } from '../../pool/allocation.ts';
import { PoolError } from '../../errors.ts';
import type { IpAllocated, IpReleased, IpCooling, IpUpdated, NetworkUpdated, PoolEvent } from '../../pool/events.ts';
import { parseRange } from '../../net/range.ts';
import { formatAddress } from '../../net/address.ts';
import { lastAddress, parseCidr } from '../../net/cidr.ts';
import type { Afterwards, MemoriesChange } from './afterwards.ts';
import type { KeyRange, Keys } from './keys.ts';
import { memoryKey, memoryOf } from './memory.ts';
import type { Compare, RequestOp } from './messages.ts';
import { areUnchanged, isAbsent, isPresent, isUnchanged, put, remove, removeAll } from './operation.ts';

/** A commit as etcd does it: when all of this still holds, all of that is written. */
export interface Plan {
  readonly compares: readonly Compare[];
  /** Generations that must be those of the state that was decided on; see {@link ./generations.ts}. */
  readonly generations: ReadonlySet<string>;
  readonly operations: readonly RequestOp[];
  /** Keys that are written: etcd allows each once in a transaction. */
  readonly writes: ReadonlySet<string>;
  /** It deletes keys that it does not name. */
  readonly isSweeping: boolean;
  readonly bytes: number;
}

/** etcd's limit for one transaction, --max-txn-ops: the operations of the outer one and of the largest in it together. */
export const MAX_OPERATIONS = 128;
/** Beside its own operations: the outer transaction's put of the head, and itself in it. */
const OUTER_OPERATIONS = 2;
/** etcd's limit for one request, --max-request-bytes, is 1.5 MiB. */
export const MAX_BYTES = 1_400_000;
/** Of an operation or comparison beside its key and value, at most. */
const OVERHEAD = 64;

/**
 * Makes a commit into comparisons and operations. Whatever of the state a decision depends on is compared with the revision
 * that it was made on, so that it counts only when nobody else was first.
 *
 * @param revision what had been delivered when it was decided
 * @param record the key of its events
 * @throws PoolError `commit_too_large`
 */
export function planOf(events: readonly PoolEvent[], { keys, revision, record, afterwards }: PlanContext): Plan {
  const draft = new Draft(keys, revision, afterwards);
  for (const event of events) draft.add(event);
  draft.put(record, JSON.stringify(events));
  return draft.finish(events.length);
}

export interface PlanContext {
  readonly keys: Keys;
  readonly revision: number;
  readonly record: string;
  readonly afterwards: Afterwards;
}

class Draft {
  readonly #keys: Keys;
  readonly #revision: number;
  readonly #afterwards: Afterwards;
  readonly #compares = new Map<string, Compare>();
  readonly #generations = new Set<string>();
  /** By key, undefined: deleted. The last word counts; what comes before it in the same commit is between us. */
  readonly #writes = new Map<string, string | undefined>();
  readonly #sweeps: KeyRange[] = [];

  constructor(keys: Keys, revision: number, afterwards: Afterwards) {
    this.#keys = keys;
    this.#revision = revision;
    this.#afterwards = afterwards;
  }

  put(key: string, value: string): void {
    this.#writes.set(key, value);
  }

  add(event: PoolEvent): void {
    switch (event.type) {
      case 'ip_allocated': {
        this.#allocated(event);
        return;
      }
      case 'ip_updated': {
        this.#updated(event);
        return;
      }
      case 'ip_released': {
        this.#released(event);
        return;
      }
      case 'ip_remembered': {
        this.#remembered(event);
        return;
      }
      case 'network_added':
        this.#create(this.#keys.network(event.network), event);
        this.#changeNetworks(event.network);
        return;
      case 'network_updated': {
        this.#networkUpdated(event);
        return;
      }
      case 'network_removed': {
        this.#networkRemoved(event.network);
        return;
      }
      case 'reservation_added':
        this.#create(this.#keys.reservation(event.network, event.reservation), event);
        for (const range of this.#spansOf(event.network, event.range)) this.#unchangedIn(range);
        this.#changeShape(event.network);
        return;
      case 'reservation_removed':
        this.#writes.set(this.#keys.reservation(event.network, event.reservation), undefined);
        this.#changeShape(event.network);
        return;
      case 'cursor_moved': // every node goes on from a place of its own
      case 'time_told':
    }
  }

  finish(events: number): Plan {
    const compares = [...this.#compares.values()];
    const operations = [...this.#writes].map(([key, value]) => (value === undefined ? remove(key) : put(key, value)));
    operations.push(...this.#sweeps.map(removeAll));
    let bytes = (compares.length + this.#generations.size + operations.length) * OVERHEAD;
    for (const [key, value = ''] of this.#writes) bytes += 2 * key.length + Buffer.byteLength(value);
    const size = Math.max(compares.length + this.#generations.size, operations.length);
    if (size + OUTER_OPERATIONS > MAX_OPERATIONS || bytes > MAX_BYTES) throw tooLarge(events);
    const writes = new Set(this.#writes.keys());
    return {
      compares,
      generations: this.#generations,
      operations,
      writes,
      isSweeping: this.#sweeps.length > 0,
      bytes,
    };
  }

  #allocated(event: IpAllocated): void {
    const { network, ip, end_ip = ip } = event;
    const key = this.#keys.allocation(network, ip);
    const owner = ownerKey(event);
    this.#sameShape(network);
    this.#ask(key, isAbsent(key));
    const memories = this.#afterwards.memories(event);
    if (memories) {
      this.#endMemories(memories);
      this.#unchangedIn(this.#keys.span('mem', network, ip, end_ip));
    }
    if (event.end_ip !== undefined) {
      // What begins before it and reaches into it is a range as well, and every range changes the shape.
      this.#unchangedIn(this.#keys.span('ip', network, ip, end_ip));
      this.#changeShape(network);
    }
    this.put(key, JSON.stringify(event));
    if (owner === undefined) return;
    const holds = this.#keys.owner(network, owner);
    this.#ask(holds, isAbsent(holds));
    this.put(holds, ip);
  }

  #updated(event: IpUpdated): void {
    const key = this.#held(event);
    this.put(key, JSON.stringify(this.#afterwards.allocation(event) ?? { ...event, type: 'ip_allocated' }));
  }

  #released(event: IpReleased): void {
    const { network } = event;
    const owner = ownerKey(event);
    this.#writes.set(this.#held(event), undefined);
    if (owner !== undefined) this.#writes.set(this.#keys.owner(network, owner), undefined);
    const memory = memoryOf(event);
    if (memory) this.put(memoryKey(this.#keys, memory), JSON.stringify(memory));
  }

  #remembered(event: IpCooling): void {
    this.#sameShape(event.network);
    this.put(memoryKey(this.#keys, event), JSON.stringify(event));
  }

  /** Another owner's word about an address may stand where it is; what only cools, or was for this one, is over. */
  #endMemories({ before, after }: MemoriesChange): void {
    for (const memory of before) {
      const { network, ip, end_ip = ip } = memory;
      this.#unchangedIn(this.#keys.span('mem', network, ip, end_ip));
      this.#writes.set(memoryKey(this.#keys, memory), undefined);
    }
    for (const memory of after) this.put(memoryKey(this.#keys, memory), JSON.stringify(memory));
  }

  #networkUpdated(event: NetworkUpdated): void {
    const { network } = event;
    const { before, after, forgotten = [] } = this.#afterwards.network(event) ?? {};
    const key = this.#keys.network(network);
    this.#ask(key, isPresent(key));
    if (after) this.put(key, JSON.stringify(after));
    const isMoved = before?.cidr !== after?.cidr;
    const isNamed = before?.name !== after?.name;
    // An exclusion leaves allocations where they are: only what must not push one out has to know them all.
    const isCut = isMoved || before?.gateway !== after?.gateway || String(before?.ranges) !== String(after?.ranges);
    if (isCut) this.#unchangedIn(this.#keys.familyOf('ip', network));
    if (isMoved && after) this.#forgetOutside(network, after.cidr, forgotten);
    if (isMoved || isNamed) this.#changeNetworks(network);
    else this.#changeShape(network);
  }

  /** What begins outside goes whatever it is; what only reaches out of it is named. */
  #forgetOutside(network: string, cidrText: string, forgotten: readonly IpCooling[]): void {
    const cidr = parseCidr(cidrText);
    if (!cidr) return;
    const all = this.#keys.familyOf('mem', network);
    const textOf = (value: bigint) => formatAddress(cidr.family, value);
    const inside = this.#keys.span('mem', network, textOf(cidr.base), textOf(lastAddress(cidr)));
    this.#sweeps.push({ from: all.from, to: inside.from }, { from: inside.to, to: all.to });
    for (const memory of forgotten) {
      const key = memoryKey(this.#keys, memory);
      if (key < inside.from || key >= inside.to) continue;
      this.#ask(key, isUnchanged(key, this.#revision));
      this.#writes.set(key, undefined);
    }
  }

  #networkRemoved(network: string): void {
    const families = (['ip', 'mem', 'res', 'vm'] as const).map((kind) => this.#keys.familyOf(kind, network));
    // Its allocations are released in the same commit: what goes with the network needs no word of its own.
    for (const { from, to } of families) {
      for (const key of [...this.#writes.keys()]) if (key >= from && key < to) this.#writes.delete(key);
      for (const key of [...this.#compares.keys()]) if (key >= from && key < to) this.#compares.delete(key);
    }
    this.#sweeps.push(...families);
    this.#unchangedIn(this.#keys.familyOf('ip', network));
    this.#writes.set(this.#keys.network(network), undefined);
    this.#changeNetworks(network);
  }

  /** The key of the allocation that an event speaks of; nobody else has changed it. */
  #held({ network, ip }: { readonly network: string; readonly ip: string }): string {
    const key = this.#keys.allocation(network, ip);
    this.#ask(key, isPresent(key));
    this.#ask(key, isUnchanged(key, this.#revision), ' unchanged');
    return key;
  }

  #create(key: string, event: PoolEvent): void {
    this.#ask(key, isAbsent(key));
    this.put(key, JSON.stringify(event));
  }

  #sameShape(network: string): void {
    this.#generations.add(this.#keys.generation(network));
  }

  #changeShape(network: string): void {
    this.#sameShape(network);
    this.put(this.#keys.generation(network), '');
  }

  #changeNetworks(network: string): void {
    this.#changeShape(network);
    this.#generations.add(this.#keys.anyNetwork);
    this.put(this.#keys.anyNetwork, '');
  }

  #unchangedIn(range: KeyRange): void {
    this.#compares.set(`${range.from} to ${range.to}`, areUnchanged(range, this.#revision));
  }

  /** Compares what stood at a key before this commit; what the commit itself has put there it knows. */
  #ask(key: string, compare: Compare, which = ''): void {
    if (!this.#writes.has(key)) this.#compares.set(`${key}${which}`, compare);
  }

  #spansOf(network: string, text: string): KeyRange[] {
    const range = parseRange(text);
    if (!range) return [];
    const [first, last] = [formatAddress(range.family, range.first), formatAddress(range.family, range.last)];
    return [this.#keys.span('ip', network, first, last)];
  }
}

function tooLarge(events: number): PoolError {
  return new PoolError(
    'commit_too_large',
    `Nothing was changed: ${events} changes are more than a cluster can make at once. Ask for fewer in one request, about 30`,
    { changes: events },
  );
}
