import type { Allocation } from '../pool/allocation.ts';
import { decideRelease } from '../pool/decide/release.ts';
import { decideUpdate } from '../pool/decide/update.ts';
import { PoolError } from '../errors.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import type { LocatedAllocation } from './located-allocation.ts';
import type { Scope } from './scope.ts';
import type { Transactions } from './transactions.ts';
import type { Visibility } from './visibility.ts';
import { ownerSubject } from './inflight.ts';

export interface ReclaimRequest {
  /** Id, name or CIDR; undefined: all. */
  readonly network: string | undefined;
  /** Undefined: all VRFs; with a network, the only one that has it. */
  readonly vrf?: string | undefined;
  /** Only VMs whose id has this prefix; only allocations with this tag. */
  readonly vmIdPrefix: string | undefined;
  readonly tag: string | undefined;
  readonly live: ReadonlySet<string>;
  /** Seconds that an allocation must have been missing, and that it must have existed. */
  readonly graceSeconds: number;
  readonly dryRun: boolean;
  readonly force: boolean;
}

/** An allocation whose VM is not in the list of live VMs. */
export interface Missing extends LocatedAllocation {
  /** When a run first found it missing; milliseconds since 1970. */
  readonly missing_since: number;
  /** Whether it may be released: an earlier run found it missing, at least the grace period ago. */
  readonly due: boolean;
  readonly released: boolean;
}

export interface ReclaimResult {
  /** The number of allocations that were compared. */
  readonly checked: number;
  readonly missing: readonly Missing[];
}

/** Allocations that are decided between two turns of the event loop. */
const SLICE = 500;

/**
 * The use case that reclaims the addresses of VMs that no longer exist, because a hook did not run or a host died. An
 * address is released only after two runs found it missing, so that a list made a moment too early takes no address from a
 * new VM (cf. the repair loop of Kubernetes' ClusterIPs).
 */
export class Reclaim {
  readonly #pool: Pool;
  readonly #transactions: Transactions;
  readonly #visibility: Visibility;
  readonly #atOnce: number;

  /** @param options `atOnce`: the most allocations that one commit may change */
  constructor(options: {
    readonly pool: Pool;
    readonly transactions: Transactions;
    readonly visibility: Visibility;
    readonly atOnce?: number | undefined;
  }) {
    const { pool, transactions, visibility, atOnce = SLICE } = options;
    this.#visibility = visibility;
    this.#atOnce = atOnce;
    this.#pool = pool;
    this.#transactions = transactions;
  }

  /**
   * Compares allocations with a list of live VMs: records which are missing, releases those that are due unless it is a dry
   * run, and clears the record of those that are back.
   *
   * @throws PoolError `unsafe_reconcile` without `force` when the list is empty or more than half would be missing;
   *   nothing is recorded then
   */
  async run(scope: Scope, request: ReclaimRequest): Promise<ReclaimResult> {
    const { live, dryRun, force } = request;
    await this.#transactions.latest();
    const { checked, missing, back } = await this.#compare(scope, request);
    if (!force && (live.size === 0 || missing.length * 2 > checked)) {
      const text =
        live.size === 0
          ? 'live is empty: check that the list of VMs is complete, then repeat with force (--force, or "force":true)'
          : `${missing.length} of ${checked} allocations are missing from live: check that the list of VMs is complete, then repeat with force (--force, or "force":true)`;
      throw new PoolError('unsafe_reconcile', text, { field: 'live', checked, missing: missing.length });
    }
    const found: Missing[] = [];
    for (let i = 0; i < missing.length; i += this.#atOnce) {
      found.push(...(await this.#note(scope, missing.slice(i, i + this.#atOnce), request, dryRun)));
      await new Promise(setImmediate);
    }
    for (let i = 0; i < back.length; i += this.#atOnce) await this.#clear(scope, back.slice(i, i + this.#atOnce));
    return { checked, missing: found };
  }

  async #compare(scope: Scope, { network: text, vrf, vmIdPrefix = '', tag, live }: ReclaimRequest) {
    const visibility = this.#visibility;
    const networks =
      text === undefined ? visibility.networks(scope, vrf) : [visibility.resolveNetwork(scope, text, vrf)];
    const missing: LocatedAllocation[] = [];
    const back: LocatedAllocation[] = [];
    let visited = 0;
    let checked = 0;
    for (const network of networks) {
      for (const allocation of network.allocations()) {
        if (++visited % SLICE === 0) await new Promise(setImmediate);
        const { vm_id, attributes } = allocation;
        if (vm_id === '' || !vm_id.startsWith(vmIdPrefix)) continue;
        if (tag !== undefined && !attributes.tags?.includes(tag)) continue;
        checked++;
        if (!live.has(vm_id)) missing.push({ network, allocation });
        else if (attributes.missing_since !== undefined) back.push({ network, allocation });
      }
    }
    return { checked, missing, back };
  }

  #note(
    scope: Scope,
    missing: readonly LocatedAllocation[],
    { graceSeconds }: ReclaimRequest,
    dryRun: boolean,
  ): Promise<Missing[]> {
    return this.#transactions.commit(scope, affectedBy(missing), (origin) => {
      const result: Missing[] = [];
      const events = missing.flatMap(({ network, allocation: seen }) => {
        const allocation = this.#current(network, seen);
        if (!allocation) return [];
        const before = allocation.attributes.missing_since;
        const latest = origin.at - graceSeconds * 1000;
        const due = before !== undefined && before <= latest && allocation.allocated_at <= latest;
        const released = due && !dryRun;
        result.push({ network, allocation, missing_since: before ?? origin.at, due, released });
        if (released) return decideRelease(network, allocation, 'reconciled', origin);
        return before === undefined ? decideUpdate(network, allocation, { missing_since: origin.at }, origin) : [];
      });
      return { events, result };
    });
  }

  async #clear(scope: Scope, back: readonly LocatedAllocation[]): Promise<void> {
    await this.#transactions.commit(scope, affectedBy(back), (origin) => {
      const events = back.flatMap(({ network, allocation: seen }) => {
        const allocation = this.#current(network, seen);
        return allocation ? decideUpdate(network, allocation, { missing_since: null }, origin) : [];
      });
      return { events, result: undefined };
    });
  }

  /** The current state of an allocation; undefined when it has ended. */
  #current(network: Network, { offset, allocated_at }: Allocation): Allocation | undefined {
    if (this.#pool.find(network.id) !== network) return undefined;
    const now = network.byOffset(offset);
    return now?.offset === offset && now.allocated_at === allocated_at ? now : undefined;
  }
}

function affectedBy(all: readonly LocatedAllocation[]) {
  const networks = [...new Set(all.map(({ network }) => network))];
  const owners = all.flatMap(({ network, allocation }) => ownerSubject(network, allocation, allocation.offset) ?? []);
  return () => ({ networks, owners });
}
