import { formatCidr, parseCidr } from '../net/cidr.ts';
import { type ErrorCode, PoolError } from '../errors.ts';
import type { Network } from '../pool/network.ts';
import type { Pool } from '../pool/pool.ts';
import { findById } from './allocation-id.ts';
import type { LocatedAllocation } from './located-allocation.ts';
import type { Scope } from './scope.ts';

/** How many networks an `ambiguous_vrf` error lists at most. */
const MAX_CANDIDATES = 100;

/**
 * Resolves text to the networks and allocations that a scope may see. The use cases find them in no other way, so that
 * what is outside a scope looks exactly like what does not exist.
 */
export class Visibility {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Whether a scope may see a network, or the events of a network that is removed. */
  canSee({ networks }: Scope, id: string): boolean {
    return networks === undefined || networks.has(id);
  }

  /** The networks in the order in which they were added. @param vrf undefined: of all VRFs */
  networks(scope: Scope, vrf?: string): Network[] {
    return this.#visible(scope, this.#pool.networks, vrf);
  }

  /** The network of an id; undefined when there is none. */
  find(scope: Scope, id: string): Network | undefined {
    return this.canSee(scope, id) ? this.#pool.find(id) : undefined;
  }

  /** The networks that an id, a name, or a CIDR in any spelling refers to; at most one in each VRF. An id takes precedence. */
  named(scope: Scope, text: string, vrf?: string): Network[] {
    const byId = this.find(scope, text);
    if (byId) return vrf === undefined || byId.vrf === vrf ? [byId] : [];
    const byLabel = this.#visible(scope, this.#pool.labelled(text), vrf);
    const cidr = byLabel.length === 0 && text.includes('/') ? parseCidr(text) : undefined;
    return cidr ? this.#visible(scope, this.#pool.labelled(formatCidr(cidr)), vrf) : byLabel;
  }

  /** The networks that contain an address, at most one in each VRF; none when the text is not an address. */
  containing(scope: Scope, ip: string, vrf?: string): Network[] {
    return this.#visible(scope, this.#pool.networksAt(ip, vrf), vrf);
  }

  /**
   * The network with an id, name, or CIDR.
   *
   * @param vrf undefined: the only VRF that has such a network
   * @throws PoolError `network_not_found`, `ambiguous_vrf`
   */
  resolveNetwork(scope: Scope, text: string, vrf?: string): Network {
    const network = this.findNetwork(scope, text, vrf);
    if (!network) throw networkNotFound(text, vrf);
    return network;
  }

  /** As {@link resolveNetwork}; undefined when there is none. @throws PoolError `ambiguous_vrf` */
  findNetwork(scope: Scope, text: string, vrf?: string): Network | undefined {
    return onlyNetwork(this.named(scope, text, vrf), text);
  }

  /** The network that contains an address; undefined when there is none. @throws PoolError `ambiguous_vrf` */
  networkAt(scope: Scope, ip: string, vrf?: string): Network | undefined {
    return onlyNetwork(this.containing(scope, ip, vrf), ip);
  }

  /** The allocation with an id; undefined when it has ended or never existed. */
  findAllocation(scope: Scope, id: string): LocatedAllocation | undefined {
    const found = findById(this.#pool, id);
    return found && this.canSee(scope, found.network.id) ? found : undefined;
  }

  /**
   * Removes from a conflict with a network outside the scope what it says about that network. The conflict itself cannot be
   * hidden: CIDRs and names are unique within a VRF, whoever may see it.
   */
  conceal(scope: Scope, error: unknown): unknown {
    const message = error instanceof PoolError ? CONCEALED[error.code] : undefined;
    if (message === undefined || !(error instanceof PoolError)) return error;
    const { network, field } = error.details;
    return typeof network !== 'string' || this.canSee(scope, network)
      ? error
      : new PoolError(error.code, message, { field });
  }

  #visible(scope: Scope, found: Iterable<Network>, vrf: string | undefined): Network[] {
    const visible: Network[] = [];
    for (const network of found) {
      if (this.canSee(scope, network.id) && (vrf === undefined || network.vrf === vrf)) visible.push(network);
    }
    return visible;
  }
}

/** See {@link Visibility.conceal}. */
const CONCEALED: Readonly<Partial<Record<ErrorCode, string>>> = {
  network_overlap: 'cidr overlaps a network that the caller may not see: choose another CIDR, or another VRF',
  network_exists: 'name is in use already: choose another',
};

/** The only one of the networks that a text refers to; undefined when there is none. @throws PoolError `ambiguous_vrf` */
export function onlyNetwork(found: readonly Network[], text: string): Network | undefined {
  if (found.length <= 1) return found[0];
  const shown = text.slice(0, 64);
  const vrfs = [...new Set(found.map(({ vrf }) => vrf))].slice(0, MAX_CANDIDATES).join(', ');
  throw new PoolError(
    'ambiguous_vrf',
    `${shown} is in several VRFs (${vrfs}): name one of them (?vrf=, "vrf", or --vrf), or the id of the network`,
    {
      field: 'vrf',
      candidates: found.slice(0, MAX_CANDIDATES).map(({ id, vrf, cidrText }) => ({ network: id, vrf, cidr: cidrText })),
    },
  );
}

function networkNotFound(network: string, vrf?: string): PoolError {
  const text = network.slice(0, 64);
  const where = vrf === undefined ? '' : ` in VRF ${vrf}`;
  const remedy =
    text === 'default'
      ? 'start with --network to make it, or name another (-n, or ?network=)'
      : 'GET /api/v1/networks (ippool network list) lists the networks';
  return new PoolError('network_not_found', `No network${where} has the id, name or CIDR ${text}: ${remedy}`, {
    network: text,
    ...(vrf === undefined ? {} : { vrf }),
  });
}
