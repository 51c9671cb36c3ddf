import { parseAddress } from '../net/address.ts';
import { macFor } from '../pool/decide/allocate.ts';
import { decideRelease } from '../pool/decide/release.ts';
import { type AttributesSpec, decideUpdate } from '../pool/decide/update.ts';
import { PoolError } from '../errors.ts';
import type { Origin, Owner, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import type { Affected, Decision } from './decision.ts';
import type { Scope } from './scope.ts';
import type { Transactions } from './transactions.ts';
import type { Visibility } from './visibility.ts';
import { ownerSubject } from './inflight.ts';
import {
  type AllocationRequest,
  decidePart,
  type AllocationResult,
  isDual,
  type RequestPart,
  partOf,
  partsOf,
  subjectsOf,
  withIndex,
  type NetworkReference,
} from './allocation-request.ts';
import type { LocatedAllocation } from './located-allocation.ts';

export type { AllocationRequest, AllocationResult, Outcome } from './allocation-request.ts';

export interface AllocationsOptions {
  readonly pool: Pool;
  readonly transactions: Transactions;
  readonly visibility: Visibility;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The use cases that change allocations. */
export class Allocations {
  readonly #pool: Pool;
  readonly #transactions: Transactions;
  readonly #visibility: Visibility;
  readonly #random: () => number;

  constructor({ pool, transactions, visibility, random }: AllocationsOptions) {
    this.#pool = pool;
    this.#visibility = visibility;
    this.#transactions = transactions;
    this.#random = random;
  }

  /**
   * Allocates an address for an owner, or returns the one that it has. The result is durable.
   *
   * @throws PoolError as {@link decideAllocate}, and `network_not_found`, `ambiguous_vrf`, `storage_full`, `store_unavailable`
   */
  async allocate(scope: Scope, request: AllocationRequest): Promise<AllocationResult> {
    const affected = () => {
      const part = partOf(this.#visibility, scope, request, 0);
      return { networks: [part.network], owners: part.subject === undefined ? [] : [part.subject], part };
    };
    return this.#transactions.commit(scope, affected, (origin, _hold, { part }) =>
      decidePart(this.#pool, part, undefined, this.#random, origin),
    );
  }

  /**
   * Allocates for several requests, all or none: both families of a dual-stack VM, a list, an atomic bulk.
   *
   * @throws PoolError as {@link allocate}; `details.index` is the index of the request
   */
  async allocateAll(scope: Scope, requests: readonly AllocationRequest[]): Promise<AllocationResult[]> {
    const affected = () => {
      const parts = partsOf(this.#visibility, scope, requests);
      return { networks: [...new Set(parts.map(({ network }) => network))], owners: subjectsOf(parts), parts };
    };
    return this.#transactions.commit(scope, affected, (origin, hold, { parts }) => {
      let mac: string | undefined;
      const isOneNic = parts.length > 1 && isDual(parts);
      const events: PoolEvent[] = [];
      const result = parts.map((part) => {
        const decision = this.#decide(part, mac, origin, parts.length);
        if (parts.length > 1) hold(decision.events);
        if (isOneNic) mac ??= decision.result.allocation.attributes.mac;
        events.push(...decision.events);
        return decision.result;
      });
      return { events, result };
    });
  }

  /**
   * Releases an owner's allocation.
   *
   * @param ip release only if this is still the owner's address, so that a late retry cannot free a newer allocation
   * @throws PoolError `allocation_not_found`, `address_mismatch`, `storage_full`, `store_unavailable`
   */
  release(
    scope: Scope,
    { network: text, vrf, owner, ip }: NetworkReference & { owner: Owner; ip?: string },
  ): Promise<LocatedAllocation> {
    // Does not require an allocation, so that the release waits for one that is under way.
    const affected = (): Affected => {
      const network = this.#visibility.resolveNetwork(scope, text, vrf);
      const subject = ownerSubject(network, owner);
      return { networks: [network], owners: subject === undefined ? [] : [subject] };
    };
    const find = () => {
      const network = this.#visibility.resolveNetwork(scope, text, vrf);
      const allocation = network.byOwner(owner);
      if (!allocation) throw notFound({ network: network.id, vm_id: owner.vm_id });
      const current = network.ipAt(allocation.offset);
      if (ip !== undefined && network.offsetOf(ip) !== allocation.offset) {
        throw new PoolError('address_mismatch', `Nothing was released: ${owner.vm_id} now has ${current}, not ${ip}`, {
          vm_id: owner.vm_id,
          ip: current,
        });
      }
      return { network, allocation };
    };
    return this.#release(scope, find, affected);
  }

  /** Releases an address of any owner. @throws PoolError `invalid_address`, `ambiguous_vrf`, and as {@link release} */
  releaseByIp(
    scope: Scope,
    { network: text, vrf, ip }: { network?: string | undefined; vrf?: string | undefined; ip: string },
  ): Promise<LocatedAllocation> {
    return this.#release(scope, () => {
      const visibility = this.#visibility;
      const network =
        text === undefined ? visibility.networkAt(scope, ip, vrf) : visibility.resolveNetwork(scope, text, vrf);
      const offset = network?.offsetOf(ip);
      if (!network || offset === undefined) throw notReleasable(ip, network);
      const allocation = network.byOffset(offset);
      if (!allocation) throw notFound({ network: network.id, ip });
      if (allocation.offset !== offset) {
        const first = network.ipAt(allocation.offset);
        const text = `Nothing was released: ${ip} is inside a range: release the range by its first address ${first}`;
        throw new PoolError('address_mismatch', text, { field: 'ip', ip: first, vm_id: allocation.vm_id });
      }
      return { network, allocation };
    });
  }

  /** Releases an allocation by its id. @throws PoolError `allocation_not_found`, and as {@link release} */
  releaseById(scope: Scope, id: string): Promise<LocatedAllocation> {
    return this.#release(scope, () => this.#byId(scope, id));
  }

  /** Changes attributes of an allocation. @throws PoolError `allocation_not_found`, `storage_full`, `store_unavailable` */
  update(scope: Scope, id: string, spec: AttributesSpec): Promise<LocatedAllocation> {
    return this.#change(scope, id, ({ network, allocation }, origin) => {
      const auto = allocation.attributes.mac ?? macFor(this.#pool, network, allocation.offset, { attributes: spec });
      return decideUpdate(network, allocation, spec.mac === 'auto' ? { ...spec, mac: auto } : spec, origin);
    });
  }

  /**
   * Renews a lease from now on.
   *
   * @param ttl seconds; undefined: the ttl that it was allocated with
   */
  renew(scope: Scope, id: string, ttl: number | undefined): Promise<LocatedAllocation> {
    return this.#change(scope, id, ({ network, allocation }, origin) => {
      const seconds = ttl ?? allocation.attributes.ttl;
      if (seconds === undefined) return [];
      return decideUpdate(network, allocation, { expires_at: origin.at + seconds * 1000, ttl: seconds }, origin);
    });
  }

  /** The allocation with an id. @throws PoolError `allocation_not_found` */
  #byId(scope: Scope, id: string): LocatedAllocation {
    const found = this.#visibility.findAllocation(scope, id);
    if (found) return found;
    throw notFound({ id: id.slice(0, 64) });
  }

  #decide(part: RequestPart, mac: string | undefined, origin: Origin, of: number): Decision<AllocationResult> {
    try {
      return decidePart(this.#pool, part, mac, this.#random, origin);
    } catch (error) {
      throw of === 1 ? error : withIndex(error, part.index);
    }
  }

  #release(scope: Scope, find: () => LocatedAllocation, affected = affectedBy(find)): Promise<LocatedAllocation> {
    return this.#transactions.commit(scope, affected, (origin) => {
      const result = find();
      return { events: decideRelease(result.network, result.allocation, 'released', origin), result };
    });
  }

  #change(
    scope: Scope,
    id: string,
    decide: (found: LocatedAllocation, origin: Origin) => PoolEvent[],
  ): Promise<LocatedAllocation> {
    const find = () => this.#byId(scope, id);
    return this.#transactions.commit(scope, affectedBy(find), (origin) => {
      const found = find();
      const events = decide(found, origin);
      const [event] = events;
      const { network, allocation } = found;
      const after = event?.type === 'ip_updated' ? allocation.with(event) : allocation;
      return { events, result: { network, allocation: after } };
    });
  }
}

/** The network and the owner of an allocation. */
function affectedBy(find: () => LocatedAllocation): () => Affected {
  return () => {
    const { network, allocation } = find();
    const subject = ownerSubject(network, allocation, allocation.offset);
    return { networks: [network], owners: subject === undefined ? [] : [subject] };
  };
}

export function notFound(details: Record<string, string>): PoolError {
  return new PoolError('allocation_not_found', 'IP not found', details);
}

/** The error for text that is not an address, or an address that is in no network, or not in the network named. */
export function invalidAddress(ip: string, network?: Network, field = 'ip'): PoolError {
  const details = { field, ip: ip.slice(0, 64), ...(network ? { network: network.id } : {}) };
  return new PoolError('invalid_address', `${field} ${whyInvalid(ip, network)}`, details);
}

/** The same with the message that clients of the Rust ippool expect; the details hold the reason. */
function notReleasable(ip: string, network: Network | undefined): PoolError {
  const details = { ...invalidAddress(ip, network).details, reason: whyInvalid(ip, network) };
  return new PoolError('invalid_address', 'Invalid IP address', details);
}

function whyInvalid(ip: string, network: Network | undefined): string {
  const shown = ip.slice(0, 64);
  if (!parseAddress(ip)) return `${JSON.stringify(shown)} is not an IP address: write it as 10.0.0.1 or fd00::1`;
  return network
    ? `${shown} is not in network ${network.id} (${network.cidrText}): name the network that has it`
    : `${shown} is in no network: correct it, or add its network`;
}
