import { formatAddress } from '../net/address.ts';
import { formatCidr, parseCidr } from '../net/cidr.ts';
import { formatRange, parseRange } from '../net/range.ts';
import type { About } from '../store/history.ts';
import type { Scope } from './scope.ts';
import type { Visibility } from './visibility.ts';

/** What a search of the history needs to find a resource. */
export interface ResourceQuery {
  readonly about: About;
  /** Undefined: every VRF. */
  readonly vrf?: string;
}

/**
 * The query for a resource: the text that {@link ../pool/event-subject.ts} makes of an event, or the name of a network.
 *
 * @throws PoolError `ambiguous_vrf`
 */
export function resourceQuery(
  visibility: Visibility,
  scope: Scope,
  resource: string,
  vrf: string | undefined,
): ResourceQuery {
  const [range, cidr] = [parseRange(resource), parseCidr(resource)];
  const texts = [...(range ? [formatRange(range)] : []), ...(cidr ? [formatCidr(cidr)] : [])];
  if (range && !resource.includes('/')) {
    const ip = formatAddress(range.family, range.first);
    return { about: { ip, texts }, ...vrfAt(visibility, scope, ip, vrf) };
  }
  const network = visibility.findNetwork(scope, resource, vrf);
  const only = vrf ?? network?.vrf;
  // Only the id is known of a network that is removed.
  return { about: { network: network?.id ?? resource, texts }, ...(only === undefined ? {} : { vrf: only }) };
}

/**
 * The VRF to search for an address: the one requested, or the only one that has a network with this address now.
 *
 * @returns an object without `vrf` when no network has the address any more
 * @throws PoolError `ambiguous_vrf`
 */
export function vrfAt(
  visibility: Visibility,
  scope: Scope,
  ip: string,
  vrf: string | undefined,
): { readonly vrf?: string } {
  const only = vrf ?? visibility.networkAt(scope, ip)?.vrf;
  return only === undefined ? {} : { vrf: only };
}
