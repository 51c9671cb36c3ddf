import { type AllocationSpec, decideAllocate } from '../pool/decide/allocate.ts';
import { PoolError } from '../errors.ts';
import type { Origin } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import { allocationOf, type Pool } from '../pool/pool.ts';
import { strategyNamed } from '../pool/strategy.ts';
import type { Decision } from './decision.ts';
import { ownerSubject, type Subject } from './inflight.ts';
import type { LocatedAllocation } from './located-allocation.ts';
import type { Scope } from './scope.ts';
import type { Visibility } from './visibility.ts';

export interface AllocationResult extends LocatedAllocation {
  /** Whether it is new. */
  readonly created: boolean;
}

/** A network by its id, name or CIDR. */
export interface NetworkReference {
  readonly network: string;
  /** Undefined: the only VRF that has such a network. */
  readonly vrf?: string | undefined;
}

/** A request to allocate in a network. */
export interface AllocationRequest extends AllocationSpec, NetworkReference {}

/** The outcome of one of many requests. */
export type Outcome = AllocationResult | { readonly error: PoolError };

/** One of several requests, with the network that it names. */
export interface RequestPart {
  readonly network: Network;
  readonly request: AllocationRequest;
  readonly index: number;
  readonly subject: Subject | undefined;
}

/** @throws PoolError `network_not_found`, `ambiguous_vrf` */
export function partOf(visibility: Visibility, scope: Scope, request: AllocationRequest, index: number): RequestPart {
  const network = visibility.resolveNetwork(scope, request.network, request.vrf);
  return { network, request, index, subject: ownerSubject(network, request.owner) };
}

/** One for each request. @throws PoolError `network_not_found`, `ambiguous_vrf` */
export function partsOf(visibility: Visibility, scope: Scope, requests: readonly AllocationRequest[]): RequestPart[] {
  return requests.map((request, index) => {
    try {
      return partOf(visibility, scope, request, index);
    } catch (error) {
      throw requests.length === 1 ? error : withIndex(error, index);
    }
  });
}

/** Adds the index of a request to its error. */
export function withIndex(error: unknown, index: number): unknown {
  if (!(error instanceof PoolError)) return error;
  return new PoolError(error.code, error.message, { ...error.details, index }, error.cause);
}

/**
 * Decides one of several requests.
 *
 * @param mac used for `auto`: the MAC of the same NIC in another network
 * @throws PoolError as {@link decideAllocate}
 */
export function decidePart(
  pool: Pool,
  { network, request }: RequestPart,
  mac: string | undefined,
  random: () => number,
  origin: Origin,
): Decision<AllocationResult> {
  const strategy = strategyNamed(network.settings.strategy, random);
  const isAuto = mac !== undefined && request.attributes.mac === 'auto';
  const spec = isAuto ? { ...request, attributes: { ...request.attributes, mac } } : request;
  const events = decideAllocate(pool, network, spec, strategy, origin);
  const [event] = events;
  if (event?.type === 'ip_allocated') {
    return { events, result: { network, allocation: allocationOf(network, event), created: true } };
  }
  const allocation = network.byOwner(request.owner);
  if (!allocation) throw new PoolError('internal', 'Nothing was decided for an owner without an allocation');
  const after = event?.type === 'ip_updated' ? allocation.with(event) : allocation;
  return { events, result: { network, allocation: after, created: false } };
}

/** The owners of all parts. @throws PoolError `invalid_request` if one of them, or a named address, occurs twice */
export function subjectsOf(parts: readonly RequestPart[]): Subject[] {
  const subjects = new Set<Subject>();
  const named = new Set<string>();
  for (const { subject, index, network, request } of parts) {
    const offset = request.ip === undefined ? undefined : network.offsetOf(request.ip);
    const address = offset === undefined ? undefined : `${network.id} ${offset}`;
    if (subject !== undefined && subjects.has(subject)) throw twice('vm_id', 'for the same owner and network', index);
    if (address !== undefined && named.has(address)) throw twice('ip', 'for the same address', index);
    if (subject !== undefined) subjects.add(subject);
    if (address !== undefined) named.add(address);
  }
  return [...subjects];
}

function twice(field: string, what: string, index: number): PoolError {
  return new PoolError('invalid_request', `Request ${index} is ${what} as an earlier one`, { field, index });
}

/** Whether all requests are for one NIC in different networks: then its addresses share a MAC. */
export function isDual(parts: readonly RequestPart[]): boolean {
  const owners = new Set(parts.map(({ request: { owner } }) => `${owner.vm_id}\0${owner.nic}`));
  return owners.size === 1 && new Set(parts.map(({ network }) => network)).size === parts.length;
}
