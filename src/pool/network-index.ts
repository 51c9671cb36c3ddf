import type { Address } from '../net/address.ts';
import { type Cidr, contains, overlaps } from '../net/cidr.ts';
import type { Network } from './network.ts';

/**
 * The networks of all VRFs, found by id, by name or CIDR, and by an address.
 *
 * Ids are unique everywhere. Names, CIDRs and addresses are unique within a VRF only, so the same text may find one
 * network in each VRF.
 */
export class NetworkIndex {
  readonly #byId = new Map<string, Network>();
  /** By name and by CIDR. A name has no `/`, so the two never collide. */
  readonly #byLabel = new Map<string, Network[]>();
  /** The number of networks in each VRF. */
  readonly #vrfs = new Map<string, number>();

  get all(): Iterable<Network> {
    return this.#byId.values();
  }

  get(id: string): Network | undefined {
    return this.#byId.get(id);
  }

  add(network: Network): void {
    this.#byId.set(network.id, network);
    this.#vrfs.set(network.vrf, (this.#vrfs.get(network.vrf) ?? 0) + 1);
    this.label(network);
  }

  remove(network: Network): void {
    this.#byId.delete(network.id);
    const rest = (this.#vrfs.get(network.vrf) ?? 1) - 1;
    if (rest === 0) this.#vrfs.delete(network.vrf);
    else this.#vrfs.set(network.vrf, rest);
    this.unlabel(network);
  }

  /** Adds the name and CIDR of a network; call it after they change, and {@link unlabel} before. */
  label(network: Network): void {
    for (const label of labelsOf(network)) this.#byLabel.set(label, [...(this.#byLabel.get(label) ?? []), network]);
  }

  unlabel(network: Network): void {
    for (const label of labelsOf(network)) {
      const rest = (this.#byLabel.get(label) ?? []).filter((other) => other !== network);
      if (rest.length === 0) this.#byLabel.delete(label);
      else this.#byLabel.set(label, rest);
    }
  }

  /** The networks with a name or CIDR, at most one in each VRF. */
  labelled(label: string): readonly Network[] {
    return this.#byLabel.get(label) ?? [];
  }

  /** The networks that contain an address, at most one in each VRF. @param vrf undefined: in every VRF */
  containing(address: Address, vrf: string | undefined): Network[] {
    const found: Network[] = [];
    const wanted = vrf === undefined ? this.#vrfs.size : 1;
    for (const network of this.#byId.values()) {
      if (vrf !== undefined && network.vrf !== vrf) continue;
      if (contains(network.cidr, address) && found.push(network) >= wanted) break;
    }
    return found;
  }

  /** A network of a VRF that has an address in common with a CIDR. */
  overlapping(cidr: Cidr, vrf: string, except?: Network): Network | undefined {
    for (const network of this.#byId.values()) {
      if (network !== except && network.vrf === vrf && overlaps(network.cidr, cidr)) return network;
    }
    return undefined;
  }
}

function labelsOf({ cidrText, settings: { name } }: Network): string[] {
  return name === undefined ? [cidrText] : [cidrText, name];
}
