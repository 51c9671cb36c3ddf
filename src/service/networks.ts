import type { Range } from '../net/range.ts';
import {
  decideAddNetwork,
  decideRemoveNetwork,
  decideUpdateNetwork,
  type NetworkSpec,
} from '../pool/decide/network.ts';
import { decideReserve, decideUnreserve, type ReservationSpec } from '../pool/decide/reservation.ts';
import { PoolError } from '../errors.ts';
import type { Network } from '../pool/network.ts';
import type { Reservation } from '../pool/reservation.ts';

export type { Network, Reservation };
import type { Span } from '../collections/span.ts';
import type { Scope } from './scope.ts';
import type { Transactions } from './transactions.ts';
import type { Visibility } from './visibility.ts';
import { type Pool, reservationOf } from '../pool/pool.ts';
import { newId } from './id.ts';
import type { Cidr } from '../net/cidr.ts';

/** The sidecar's own network. */
export const DEFAULT_NETWORK_ID = 'default';

export interface NetworkStats {
  readonly network: Network;
  /** All addresses of the CIDR. The four others add up to it. */
  readonly total: bigint;
  readonly allocated: bigint;
  readonly available: bigint;
  readonly cooling: bigint;
  /** The rest: network address, broadcast, gateway, exclusions, reservations, outside of the ranges. */
  readonly reserved: bigint;
  /** The lowest address that is free now. */
  readonly first_available: string | undefined;
  /** The address that the strategy gave last. */
  readonly last_allocated: string | undefined;
}

export interface NetworksOptions {
  readonly pool: Pool;
  readonly transactions: Transactions;
  readonly visibility: Visibility;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/** The use cases of networks and their reservations. */
export class Networks {
  readonly #pool: Pool;
  readonly #transactions: Transactions;
  readonly #visibility: Visibility;
  readonly #random: () => number;

  constructor({ pool, transactions, visibility, random }: NetworksOptions) {
    this.#pool = pool;
    this.#visibility = visibility;
    this.#transactions = transactions;
    this.#random = random;
  }

  /** Networks in the order in which they were added. @param vrf undefined: those of all VRFs */
  list(scope: Scope, vrf?: string): Promise<Network[]> {
    this.#transactions.local();
    return Promise.resolve(this.#visibility.networks(scope, vrf));
  }

  /**
   * @param text id, name or CIDR
   * @param vrf undefined: the only VRF that has such a network; the same for all methods below
   * @throws PoolError `network_not_found`, `ambiguous_vrf`
   */
  async get(scope: Scope, text: string, vrf?: string): Promise<Network> {
    await this.#transactions.latest();
    return this.#visibility.resolveNetwork(scope, text, vrf);
  }

  /** Adds a network under an id of its own. @throws PoolError as {@link decideAddNetwork} */
  async add(
    scope: Scope,
    spec: NetworkSpec & { readonly cidr: Cidr },
    id = newId('net', this.#random),
  ): Promise<Network> {
    await this.#transactions.commitAlone(
      scope,
      () => id,
      (origin) => ({ events: decideAddNetwork(this.#pool, id, spec, origin), result: undefined }),
    );
    return this.#pool.network(id);
  }

  /** Changes the settings that are present. @throws PoolError as {@link decideUpdateNetwork} */
  update(scope: Scope, text: string, spec: NetworkSpec, vrf?: string): Promise<Network> {
    return this.#transactions.commitAlone(scope, this.#idOf(scope, text, vrf), (origin) => {
      const network = this.#visibility.resolveNetwork(scope, text, vrf);
      return { events: decideUpdateNetwork(this.#pool, network, spec, origin), result: network };
    });
  }

  /** Removes a network. @throws PoolError as {@link decideRemoveNetwork} */
  remove(scope: Scope, text: string, force: boolean, vrf?: string): Promise<void> {
    return this.#transactions.commitAlone(scope, this.#idOf(scope, text, vrf), (origin) => {
      return {
        events: decideRemoveNetwork(this.#visibility.resolveNetwork(scope, text, vrf), force, origin),
        result: undefined,
      };
    });
  }

  /** Reserves addresses. @throws PoolError as {@link decideReserve} */
  reserve(
    scope: Scope,
    text: string,
    spec: ReservationSpec,
    vrf?: string,
  ): Promise<{ network: Network; reservation: Reservation }> {
    const id = newId('res', this.#random);
    return this.#transactions.commitAlone(scope, this.#idOf(scope, text, vrf), (origin) => {
      if (spec.expires_at !== undefined && spec.expires_at <= origin.at) {
        throw new PoolError('invalid_request', 'expires_at is invalid: it is not in the future', {
          field: 'expires_at',
        });
      }
      const network = this.#visibility.resolveNetwork(scope, text, vrf);
      const events = decideReserve(network, id, spec, origin);
      return { events, result: { network, reservation: reservationOf(network, events[0]) } };
    });
  }

  /** Ends a reservation. @throws PoolError `reservation_not_found` */
  unreserve(scope: Scope, text: string, id: string, vrf?: string): Promise<void> {
    return this.#transactions.commitAlone(scope, this.#idOf(scope, text, vrf), (origin) => {
      const events = decideUnreserve(this.#visibility.resolveNetwork(scope, text, vrf), id, 'removed', origin);
      return { events, result: undefined };
    });
  }

  /** How full a network is. @throws PoolError `network_not_found` */
  async stats(scope: Scope, text: string, vrf?: string): Promise<NetworkStats> {
    await this.#transactions.settle(await this.#transactions.resolveNetwork(scope, text, vrf));
    this.#transactions.local();
    const network = this.#visibility.resolveNetwork(scope, text, vrf);
    const { allocated, available, assignable: layout, cursor, free } = network;
    const { first, last } = layout.space;
    const total = last - first + 1n;
    const { cooling } = network.cooldown;
    const lowest = free.next(first);
    return {
      network,
      total,
      allocated,
      available,
      cooling,
      reserved: total - allocated - available - cooling,
      first_available: lowest === undefined ? undefined : network.ipAt(lowest),
      last_allocated: cursor === undefined ? undefined : network.ipAt(cursor),
    };
  }

  /** What is free in a network, as ranges in order. @param limit how many at most */
  async freeRanges(scope: Scope, text: string, limit: number, vrf?: string): Promise<Range[]> {
    const network = await this.get(scope, text, vrf);
    const { free, origin } = network;
    const { family } = network.cidr;
    const ranges: Range[] = [];
    const spans = runsOf(
      (from) => free.next(from),
      (from) => free.gap(from),
      network.assignable.space.first,
    );
    for (const { first, last } of spans) {
      if (ranges.push({ family, first: origin + first, last: origin + last }) >= limit) break;
    }
    return ranges;
  }

  /** Ends expired reservations, and releases expired leases. @throws PoolError `conflict` after all networks were tried */
  async sweep(scope: Scope): Promise<void> {
    const conflicts: PoolError[] = [];
    const goOn = (error: unknown) => {
      if (!(error instanceof PoolError) || error.code !== 'conflict') throw error;
      conflicts.push(error);
    };
    for (const network of this.#visibility.networks(scope)) {
      const now = this.#transactions.now();
      await this.#transactions.sweep(network).catch(goOn);
      for (const { id, expires_at } of network.reservations.values()) {
        if (expires_at === undefined || expires_at > now) continue;
        const ended = this.#transactions.commitAlone(
          scope,
          () => network.id,
          (origin) => {
            const exists = this.#pool.find(network.id) === network && network.reservations.has(id);
            return { events: exists ? decideUnreserve(network, id, 'expired', origin) : [], result: undefined };
          },
        );
        await ended.catch(goOn);
      }
    }
    if (conflicts[0]) throw conflicts[0];
  }

  #idOf(scope: Scope, text: string, vrf: string | undefined): () => string {
    return () => this.#visibility.resolveNetwork(scope, text, vrf).id;
  }
}

function* runsOf(
  next: (from: bigint) => bigint | undefined,
  gap: (from: bigint) => bigint,
  first: bigint,
): Generator<Span> {
  for (let at = next(first); at !== undefined; at = next(gap(at))) yield { first: at, last: gap(at) - 1n };
}
