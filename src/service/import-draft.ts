import { type Cidr, formatCidr } from '../net/cidr.ts';
import { DEFAULT_VRF } from '../net/vrf.ts';
import { type Allocation, ownerKey } from '../pool/allocation.ts';
import { type AllocationSpec, decideAllocate } from '../pool/decide/allocate.ts';
import { decideAddNetwork, type NetworkSpec } from '../pool/decide/network.ts';
import { decideUpdate } from '../pool/decide/update.ts';
import { PoolError } from '../errors.ts';
import type { NetworkAdded, Origin, PoolEvent } from '../pool/events.ts';
import type { Network } from '../pool/network.ts';
import { Pool } from '../pool/pool.ts';
import { strategyNamed } from '../pool/strategy.ts';
import type { Hold } from './decision.ts';
import { ownerSubject, type Subject } from './inflight.ts';
import type { Scope } from './scope.ts';
import { onlyNetwork, Visibility } from './visibility.ts';

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

export interface ImportDraftOptions {
  readonly scope: Scope;
  readonly origin: Origin;
  /** Keeps addresses of existing networks from the later rows. */
  readonly hold: Hold;
  readonly pool: Pool;
  readonly visibility: Visibility;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * The part of an import that is decided so far. New networks are decided on a pool of their own, and addresses of existing
 * networks are kept from later rows, so that a dry run is the same without the commit.
 */
export class ImportDraft {
  readonly events: PoolEvent[] = [];
  readonly #options: ImportDraftOptions;
  /** The new networks and their allocations. */
  readonly #fresh = new Pool();
  readonly #freshVisibility = new Visibility(this.#fresh);
  /** The scope without its limits: every new network is the caller's own. */
  readonly #freshScope: Scope;
  /** Owners, and addresses without an owner, of the rows so far. */
  readonly #subjects = new Set<Subject>();
  readonly #refused: Refused[] = [];
  #networks = 0;
  #allocations = 0;
  #unchanged = 0;

  constructor(options: ImportDraftOptions) {
    this.#options = options;
    this.#freshScope = { ...options.scope, networks: undefined };
  }

  get result(): ImportSummary {
    const { length } = this.#refused;
    const [networks, allocations] = length > 0 ? [0, 0] : [this.#networks, this.#allocations];
    return { networks, allocations, unchanged: this.#unchanged, refused: this.#refused };
  }

  addNetwork(index: number, row: Row<NetworkRow>, id: string): void {
    this.#row('networks', index, row, (spec) => {
      const { pool, visibility, scope, origin } = this.#options;
      if (visibility.named(scope, formatCidr(spec.cidr), spec.vrf ?? DEFAULT_VRF).length > 0) {
        this.#unchanged++; // its settings stay as they are
        return;
      }
      decideAddNetwork(this.#fresh, id, spec, origin); // against the rows so far
      const events = decideAddNetwork(pool, id, spec, origin);
      // The allocations of a drained network are older than the drain.
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
        ? decideUpdate(network, existing, { ...spec.attributes, mac: macIn(spec) }, this.#options.origin)
        : this.#decide(pool, network, spec);
      for (const event of events) {
        const offset = event.type === 'ip_allocated' ? network.offsetOf(event.ip) : undefined;
        const made = ownerSubject(network, spec.owner, offset);
        if (made !== undefined) this.#subjects.add(made);
      }
      if (subject !== undefined) this.#subjects.add(subject);
      if (pool === this.#fresh) for (const event of events) pool.apply(event);
      else this.#options.hold(events);
      this.events.push(...events);
      if (events.length > 0) this.#allocations++;
      else this.#unchanged++;
    });
  }

  #decide(pool: Pool, network: Network, spec: AllocationRow): PoolEvent[] {
    try {
      const strategy = strategyNamed(network.settings.strategy, this.#options.random);
      return decideAllocate(pool, network, spec, strategy, this.#options.origin);
    } catch (error) {
      // No other transaction runs at the same time, so an earlier row has the address.
      if (!(error instanceof PoolError) || error.code !== 'conflict') throw error;
      throw new PoolError('address_taken', `ip ${spec.ip ?? ''} is taken by an earlier row`, error.details);
    }
  }

  #networkOf({ network: text, vrf, ip = '' }: AllocationRow): { pool: Pool; network: Network } {
    const { pool, visibility, scope } = this.#options;
    const find = (all: Visibility, by: Scope) =>
      text === undefined ? all.containing(by, ip, vrf) : all.named(by, text, vrf);
    const fresh = find(this.#freshVisibility, this.#freshScope);
    const network = onlyNetwork([...fresh, ...find(visibility, scope)], text ?? ip);
    if (network) return { pool: fresh.includes(network) ? this.#fresh : pool, network };
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
    } catch (caught) {
      const error = this.#options.visibility.conceal(this.#options.scope, caught);
      if (!(error instanceof PoolError)) throw error;
      this.#refused.push({ list, index, error });
    }
  }
}

function undrained(event: NetworkAdded): NetworkAdded {
  const { drain, ...rest } = event;
  return rest;
}

/** The allocation without an owner at exactly the address and size of a row without an owner. */
function anonymousAt(network: Network, { ip, count = 1, prefixLength }: AllocationRow): Allocation | undefined {
  const offset = ip === undefined ? undefined : network.offsetOf(ip);
  const found = offset === undefined ? undefined : network.byOffset(offset);
  if (found?.offset !== offset || found?.vm_id !== '' || found.attributes.prefix_length !== prefixLength)
    return undefined;
  return prefixLength !== undefined || found.size === BigInt(count) ? found : undefined;
}

/** The MAC of a row; undefined leaves the MAC as it is, which is right for one to be generated. */
function macIn({ attributes: { mac } }: AllocationRow): string | null | undefined {
  return mac === 'auto' ? undefined : mac;
}

function twice(network: Network, { owner }: AllocationRow, existing: Allocation | undefined): PoolError {
  if (existing) {
    const ip = network.ipAt(existing.offset);
    return new PoolError('address_taken', `ip ${ip} is taken by an earlier row`, { field: 'ip', ip });
  }
  const text = `vm_id ${owner.vm_id} occurs in an earlier row with the same nic in network ${network.id}`;
  return new PoolError('invalid_request', text, { field: 'vm_id' });
}
