import { parseAddress } from '../net/address.ts';
import { macFor } from '../pool/decide/allocate.ts';
import { decideRelease } from '../pool/decide/release.ts';
import { type AttributesSpec, decideUpdate } from '../pool/decide/update.ts';
import { PoolError } from '../errors.ts';
import type { Origin, Owner, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import { findById } from './allocation-id.ts';
import type { Transactions, Affected, Decide, Scope } from './transactions.ts';
import { ownerSubject } from './inflight.ts';
import {
  type AllocationRequest,
  decidePart,
  type AllocationResult,
  resultOf,
  type LocatedAllocation,
  isDual,
  macOfPart,
  type RequestPart,
  partOf,
  partsOf,
  subjectsOf,
  withIndex,
  type NetworkReference,
} from './allocation-request.ts';

export type {
  AllocationRequest,
  AllocationResult as Given,
  LocatedAllocation as Held,
  Outcome,
} from './allocation-request.ts';

export interface AllocationsOptions {
  readonly pool: Pool;
  readonly changes: Transactions;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The use cases that change allocations. */
export class Allocations {
  readonly #pool: Pool;
  readonly #changes: Transactions;
  readonly #random: () => number;

  constructor({ pool, changes, random }: AllocationsOptions) {
    this.#pool = pool;
    this.#changes = changes;
    this.#random = random;
  }

  /**
   * Gives an owner an address, or tells the one that it holds. The answer is durable.
   *
   * @throws PoolError as {@link decideAllocate}, and `network_not_found`, `ambiguous_vrf`, `storage_full`, `store_unavailable`
   */
  async allocate(scope: Scope, request: AllocationRequest): Promise<AllocationResult> {
    let part: RequestPart | undefined;
    const concerned = (): Affected => {
      const { network, subject } = (part = partOf(this.#pool, request, 0));
      return { networks: [network], owners: subject === undefined ? [] : [subject] };
    };
    const decide: Decide = (origin) => (part ? decidePart(this.#pool, part, undefined, this.#random, origin) : []);
    await this.#changes.commit(scope, concerned, decide);
    if (!part) throw new PoolError('internal', 'An allocation ended without a decision');
    return resultOf(part);
  }

  /**
   * Gives addresses for several requests, all or none: both families of a dual-stack VM, a list, an atomic bulk.
   *
   * @throws PoolError as {@link allocate}; `details.index` tells which of them it is about
   */
  async allocateAll(scope: Scope, requests: readonly AllocationRequest[]): Promise<AllocationResult[]> {
    let parts: RequestPart[] = [];
    const concerned = (): Affected => {
      parts = partsOf(this.#pool, requests);
      return { networks: [...new Set(parts.map(({ network }) => network))], owners: subjectsOf(parts) };
    };
    const decide: Decide = (origin, hold) => {
      let mac: string | undefined;
      const isOneNic = parts.length > 1 && isDual(parts);
      return parts.flatMap((part) => {
        const events = this.#decide(part, mac, origin, parts.length);
        if (parts.length > 1) hold(events);
        if (isOneNic) mac ??= macOfPart(part);
        return events;
      });
    };
    await this.#changes.commit(scope, concerned, decide);
    return parts.map(resultOf);
  }

  /**
   * Takes an owner's address back.
   *
   * @param ip release only if this is still the owner's address, so that a late retry cannot free a newer allocation
   * @throws PoolError `allocation_not_found`, `address_mismatch`, `storage_full`, `store_unavailable`
   */
  release(
    scope: Scope,
    { network: text, vrf, owner, ip }: NetworkReference & { owner: Owner; ip?: string },
  ): Promise<LocatedAllocation> {
    // Told without a look at what it holds, so that an allocation under way is waited for.
    const concerned = (): Affected => {
      const network = this.#pool.resolveNetwork(text, vrf);
      const subject = ownerSubject(network, owner);
      return { networks: [network], owners: subject === undefined ? [] : [subject] };
    };
    const find = () => {
      const network = this.#pool.resolveNetwork(text, vrf);
      const allocation = network.byOwner(owner);
      if (!allocation) throw notFound({ network: network.id, vm_id: owner.vm_id });
      const held = network.ipAt(allocation.offset);
      if (ip !== undefined && network.offsetOf(ip) !== allocation.offset) {
        throw new PoolError('address_mismatch', `Nothing was released: ${owner.vm_id} now holds ${held}, not ${ip}`, {
          vm_id: owner.vm_id,
          ip: held,
        });
      }
      return { network, allocation };
    };
    return this.#release(scope, find, concerned);
  }

  /** Releases an address, whoever its owner is. @throws PoolError `invalid_address`, `ambiguous_vrf`, and as {@link release} */
  releaseByIp(
    scope: Scope,
    { network: text, vrf, ip }: { network?: string | undefined; vrf?: string | undefined; ip: string },
  ): Promise<LocatedAllocation> {
    return this.#release(scope, () => {
      const network = text === undefined ? this.#pool.networkOf(ip, vrf) : this.#pool.resolveNetwork(text, vrf);
      const offset = network?.offsetOf(ip);
      if (!network || offset === undefined) throw notReleasable(ip, network);
      const allocation = network.byOffset(offset);
      if (!allocation) throw notFound({ network: network.id, ip });
      if (allocation.offset !== offset) {
        const first = network.ipAt(allocation.offset);
        const text = `Nothing was released: ${ip} is inside a range, release it by its first address ${first}`;
        throw new PoolError('address_mismatch', text, { field: 'ip', ip: first, vm_id: allocation.vm_id });
      }
      return { network, allocation };
    });
  }

  /** Takes an allocation back by its id. @throws PoolError `allocation_not_found`, and as {@link release} */
  releaseById(scope: Scope, id: string): Promise<LocatedAllocation> {
    return this.#release(scope, () => this.#byId(id));
  }

  /** Changes attributes of an allocation. @throws PoolError `allocation_not_found`, `storage_full`, `store_unavailable` */
  update(scope: Scope, id: string, wish: AttributesSpec): Promise<LocatedAllocation> {
    return this.#change(scope, id, ({ network, allocation }, origin) => {
      const made = allocation.attributes.mac ?? macFor(this.#pool, network, allocation.offset, { attributes: wish });
      return decideUpdate(network, allocation, wish.mac === 'auto' ? { ...wish, mac: made } : wish, origin);
    });
  }

  /**
   * Lets the time of an allocation begin anew.
   *
   * @param ttl seconds; undefined: as many as it was given for
   */
  renew(scope: Scope, id: string, ttl: number | undefined): Promise<LocatedAllocation> {
    return this.#change(scope, id, ({ network, allocation }, origin) => {
      const seconds = ttl ?? allocation.attributes.ttl;
      if (seconds === undefined) return [];
      return decideUpdate(network, allocation, { expires_at: origin.at + seconds * 1000, ttl: seconds }, origin);
    });
  }

  /** What an id stands for now. @throws PoolError `allocation_not_found` */
  #byId(id: string): LocatedAllocation {
    const held = findById(this.#pool, id);
    if (held) return held;
    throw notFound({ id: id.slice(0, 64) });
  }

  #decide(part: RequestPart, mac: string | undefined, origin: Origin, of: number): PoolEvent[] {
    try {
      return decidePart(this.#pool, part, mac, this.#random, origin);
    } catch (error) {
      throw of === 1 ? error : withIndex(error, part.index);
    }
  }

  async #release(
    scope: Scope,
    find: () => LocatedAllocation,
    concerned = concernedBy(find),
  ): Promise<LocatedAllocation> {
    let held: LocatedAllocation | undefined;
    await this.#changes.commit(scope, concerned, (origin) => {
      held = find();
      return decideRelease(held.network, held.allocation, 'released', origin);
    });
    if (!held) throw new PoolError('internal', 'A release was committed without a decision');
    return held;
  }

  async #change(
    scope: Scope,
    id: string,
    decide: (held: LocatedAllocation, origin: Origin) => PoolEvent[],
  ): Promise<LocatedAllocation> {
    let held: LocatedAllocation | undefined;
    const [event] = await this.#changes.commit(
      scope,
      concernedBy(() => this.#byId(id)),
      (origin) => {
        held = this.#byId(id);
        return decide(held, origin);
      },
    );
    if (!held) throw new PoolError('internal', 'A change was committed without a decision');
    const { network, allocation } = held;
    return { network, allocation: event?.type === 'ip_updated' ? allocation.with(event) : allocation };
  }
}

function concernedBy(find: () => LocatedAllocation): () => Affected {
  return () => {
    const { network, allocation } = find();
    const subject = ownerSubject(network, allocation, allocation.offset);
    return { networks: [network], owners: subject === undefined ? [] : [subject] };
  };
}

export function notFound(details: Record<string, string>): PoolError {
  return new PoolError('allocation_not_found', 'IP not found', details);
}

/** No address, or one that is not where it was looked for. */
export function invalidAddress(ip: string, network?: Network, field = 'ip'): PoolError {
  const details = { field, ip: ip.slice(0, 64), ...(network ? { network: network.id } : {}) };
  return new PoolError('invalid_address', `${field} ${whyInvalid(ip, network)}`, details);
}

/** In the words that clients of the Rust ippool read; what is wrong stands in the details. */
function notReleasable(ip: string, network: Network | undefined): PoolError {
  const details = { ...invalidAddress(ip, network).details, reason: whyInvalid(ip, network) };
  return new PoolError('invalid_address', 'Invalid IP address', details);
}

function whyInvalid(ip: string, network: Network | undefined): string {
  const shown = ip.slice(0, 64);
  if (!parseAddress(ip)) return `${JSON.stringify(shown)} is no IP address: write it as 10.0.0.1 or fd00::1`;
  return network
    ? `${shown} is not in network ${network.id} (${network.cidrText}): name the network that has it`
    : `${shown} is in no network: correct it, or add its network`;
}
