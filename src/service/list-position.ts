import { type Address, parseAddress } from '../net/address.ts';
import { DEFAULT_VRF, isVrfName } from '../net/vrf.ts';
import type { LocatedAllocation } from './located-allocation.ts';

/** Where a list of allocations continues: after an address of a VRF. Its text is `10.0.0.5`, or `blue/10.0.0.5`. */
export interface ListPosition {
  readonly vrf: string;
  readonly address: Address;
}

/** The text of the position of an allocation. */
export function formatListPosition({ network, allocation }: LocatedAllocation): string {
  const ip = network.ipAt(allocation.offset);
  return network.vrf === DEFAULT_VRF ? ip : `${network.vrf}/${ip}`;
}

/** Undefined when the text is no position. */
export function parseListPosition(text: string): ListPosition | undefined {
  const slash = text.indexOf('/');
  const vrf = slash < 0 ? DEFAULT_VRF : text.slice(0, slash);
  const address = parseAddress(text.slice(slash + 1));
  return address && isVrfName(vrf) ? { vrf, address } : undefined;
}

/** The order of VRFs in a list: `default` first, the others by name. */
export function compareVrfs(a: string, b: string): number {
  if (a === b) return 0;
  if (a === DEFAULT_VRF) return -1;
  return b === DEFAULT_VRF || a > b ? 1 : -1;
}
