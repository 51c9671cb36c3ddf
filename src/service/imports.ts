import type { Cidr } from '../net/cidr.ts';
import { DEFAULT_VRF } from '../net/vrf.ts';
import { type Allocation, ownerKey } from '../pool/allocation.ts';
import { type AllocationSpec, decideAllocate } from '../pool/decide/allocate.ts';
import { decideAddNetwork, type NetworkSpec } from '../pool/decide/network.ts';
import { decideUpdate } from '../pool/decide/update.ts';
import { PoolError } from '../errors.ts';
import type { NetworkAdded, Origin, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import { onlyNetwork } from '../pool/network-index.ts';
import { Pool } from '../pool/pool.ts';
import { strategyNamed } from '../pool/strategy.ts';
import type { Scope } from './scope.ts';
import type { Transactions } from './transactions.ts';
import { newId } from './id.ts';
import { ALL, ownerSubject, type Subject } from './inflight.ts';

/** A network to import; it gets a new id. */
export type NetworkRow = NetworkSpec & { readonly cidr: Cidr };

/** An allocation to import; without a network it belongs to the one that contains its address. */
export interface AllocationRow extends AllocationSpec {
  readonly network: string | undefined;
  /** Undefined: the only VRF that has such a network. */
  readonly vrf?: string | undefined;
}

export interface Refused {
  readonly list: 'networks' | 'allocations';
  /** Index in the list, from 0. */
  readonly index: number;
  readonly error: PoolError;
}

export interface ImportSummary {
  /** How many are new. */
  readonly networks: number;
  readonly allocations: number;
  /** How many existed already. */
  readonly unchanged: number;
  readonly refused: readonly Refused[];
}

/** A row, or why it cannot be read. */
export type Row<T> = T | PoolError;

/**
 * Imports networks and allocations: all of them or none. New networks are decided on a pool of their own, and addresses of
 * existing networks are held, so that a dry run is the same without the commit.
 */
export class Imports {
  readonly #pool: Pool;
  readonly #transactions: Transactions;
  readonly #random: () => number;

  constructor(options: { pool: Pool; transactions: Transactions; random: () => number }) {
    this.#pool = options.pool;
    this.#transactions = options.transactions;
    this.#random = options.random;
  }

  /**
   * @param dryRun says what would happen, and changes nothing
   * @throws PoolError `storage_full`, `store_unavailable`; rows with errors are in `refused`, and then nothing is changed
   */
  import(
    scope: Scope,
    networks: readonly Row<NetworkRow>[],
    allocations: readonly Row<AllocationRow>[],
    dryRun: boolean,
  ): Promise<ImportSummary> {
    return this.#transactions.commitAlone(
      scope,
      () => ALL,
      (origin, hold) => {
        const draft = new Draft(this.#pool, this.#random, origin, hold);
        for (const [index, row] of networks.entries()) draft.addNetwork(index, row, newId('net', this.#random));
        for (const [index, row] of allocations.entries()) draft.allocate(index, row);
        const { result } = draft;
        return { events: dryRun || result.refused.length > 0 ? [] : draft.events, result };
      },
    );
  }
}

/** The import as far as it is decided. */
class Draft {
  readonly events: PoolEvent[] = [];
  readonly #live: Pool;
  /** The networks that are new, with what is allocated in them. */
  readonly #fresh = new Pool();
  readonly #random: () => number;
  readonly #origin: Origin;
  readonly #hold: (events: readonly PoolEvent[]) => void;
  /** Owners, and addresses without one, that rows before were about. */
  readonly #subjects = new Set<Subject>();
  readonly #refused: Refused[] = [];
  #networks = 0;
  #allocations = 0;
  #unchanged = 0;

  constructor(live: Pool, random: () => number, origin: Origin, hold: (events: readonly PoolEvent[]) => void) {
    this.#live = live;
    this.#random = random;
    this.#origin = origin;
    this.#hold = hold;
  }

  get result(): ImportSummary {
    const { length } = this.#refused;
    const [networks, allocations] = length > 0 ? [0, 0] : [this.#networks, this.#allocations];
    return { networks, allocations, unchanged: this.#unchanged, refused: this.#refused };
  }

  addNetwork(index: number, row: Row<NetworkRow>, id: string): void {
    this.#row('networks', index, row, (spec) => {
      const other = this.#live.overlapping(spec.cidr, spec.vrf ?? DEFAULT_VRF);
      if (other && other.cidr.prefixLength === spec.cidr.prefixLength) {
        this.#unchanged++; // it exists: its settings are left alone
        return;
      }
      decideAddNetwork(this.#fresh, id, spec, this.#origin); // against the rows before
      const events = decideAddNetwork(this.#live, id, spec, this.#origin);
      // What comes with a drained network was given before it was drained.
      for (const event of events) this.#fresh.apply(event.type === 'network_added' ? undrained(event) : event);
      this.events.push(...events);
      this.#networks++;
    });
  }

  allocate(index: number, row: Row<AllocationRow>): void {
    this.#row('allocations', index, row, (spec) => {
      const { pool, network } = this.#networkOf(spec);
      const existing = ownerKey(spec.owner) === undefined ? anonymousAt(network, spec) : undefined;
      const subject = ownerSubject(network, spec.owner, existing?.offset);
      if (subject !== undefined && this.#subjects.has(subject)) throw twice(network, spec, existing);
      const events = existing
        ? decideUpdate(network, existing, { ...spec.attributes, mac: macIn(spec) }, this.#origin)
        : this.#decide(pool, network, spec);
      for (const event of events) {
        const offset = event.type === 'ip_allocated' ? network.offsetOf(event.ip) : undefined;
        const made = ownerSubject(network, spec.owner, offset);
        if (made !== undefined) this.#subjects.add(made);
      }
      if (subject !== undefined) this.#subjects.add(subject);
      if (pool === this.#live) this.#hold(events);
      else for (const event of events) pool.apply(event);
      this.events.push(...events);
      if (events.length > 0) this.#allocations++;
      else this.#unchanged++;
    });
  }

  #decide(pool: Pool, network: Network, spec: AllocationRow): PoolEvent[] {
    try {
      const strategy = strategyNamed(network.settings.strategy, this.#random);
      return decideAllocate(pool, network, spec, strategy, this.#origin);
    } catch (error) {
      // Nothing else is under way: it is a row before that has it.
      if (!(error instanceof PoolError) || error.code !== 'conflict') throw error;
      throw new PoolError('address_taken', `ip ${spec.ip ?? ''} is taken by a row before`, error.details);
    }
  }

  #networkOf({ network: text, vrf, ip = '' }: AllocationRow): { pool: Pool; network: Network } {
    const find = (pool: Pool) => (text === undefined ? pool.networksAt(ip, vrf) : pool.networksNamed(text, vrf));
    const fresh = find(this.#fresh);
    const network = onlyNetwork([...fresh, ...find(this.#live)], text ?? ip);
    if (network) return { pool: fresh.includes(network) ? this.#fresh : this.#live, network };
    if (text !== undefined) {
      const error = `No network here or in the import has the id, name or CIDR ${text}: add it first`;
      throw new PoolError('network_not_found', error, { field: 'network', network: text });
    }
    throw new PoolError('network_not_found', `ip ${ip.slice(0, 64)} is in no network: add one first`, { field: 'ip' });
  }

  #row<T>(list: Refused['list'], index: number, row: Row<T>, take: (row: T) => void): void {
    try {
      if (row instanceof PoolError) throw row;
      take(row);
    } catch (error) {
      if (!(error instanceof PoolError)) throw error;
      this.#refused.push({ list, index, error });
    }
  }
}

function undrained(event: NetworkAdded): NetworkAdded {
  const { drain, ...rest } = event;
  return rest;
}

/** What is given to nobody by name, and stands just where a row that names nobody wants to be. */
function anonymousAt(network: Network, { ip, count = 1, prefixLength }: AllocationRow): Allocation | undefined {
  const offset = ip === undefined ? undefined : network.offsetOf(ip);
  const held = offset === undefined ? undefined : network.byOffset(offset);
  if (held?.offset !== offset || held?.vm_id !== '' || held.attributes.prefix_length !== prefixLength) return undefined;
  return prefixLength !== undefined || held.size === BigInt(count) ? held : undefined;
}

/** A MAC that is to be made stays as it is. */
function macIn({ attributes: { mac } }: AllocationRow): string | null | undefined {
  return mac === 'auto' ? undefined : mac;
}

function twice(network: Network, { owner }: AllocationRow, existing: Allocation | undefined): PoolError {
  if (existing) {
    const ip = network.ipAt(existing.offset);
    return new PoolError('address_taken', `ip ${ip} is taken by a row before`, { field: 'ip', ip });
  }
  const text = `vm_id ${owner.vm_id} stands before with the same nic in network ${network.id}`;
  return new PoolError('invalid_request', text, { field: 'vm_id' });
}
