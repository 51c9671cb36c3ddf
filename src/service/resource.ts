import { formatAddress } from '../net/address.ts';
import { formatCidr, parseCidr } from '../net/cidr.ts';
import { formatRange, parseRange } from '../net/range.ts';
import type { Pool } from '../pool/pool.ts';
import type { About } from '../store/history.ts';

/** What to look for when somebody asks for a resource: what the subject of an event told, or a network by name. */
export function aboutOf(pool: Pool, resource: string): About {
  const [range, cidr] = [parseRange(resource), parseCidr(resource)];
  const texts = [...(range ? [formatRange(range)] : []), ...(cidr ? [formatCidr(cidr)] : [])];
  if (range && !resource.includes('/')) return { ip: formatAddress(range.family, range.first), texts };
  return { network: networkOf(pool, resource), texts };
}

function networkOf(pool: Pool, text: string): string {
  try {
    return pool.resolveNetwork(text).id;
  } catch {
    return text; // it may be gone
  }
}
