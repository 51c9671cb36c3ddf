import { type Allocation, attributesOf, ownerOf } from '../allocation.ts';
import type { Attributes, Origin, PoolEvent } from '../events.ts';
import type { Network } from '../network.ts';
import { placeOf } from './release.ts';

/** A change of attributes. Undefined: as it is; null: none from now on. */
export type AttributesSpec = { readonly [Name in keyof Attributes]?: Attributes[Name] | null | undefined };

/** Changes attributes of an allocation; no event when nothing differs. */
export function decideUpdate(
  network: Network,
  allocation: Allocation,
  spec: AttributesSpec,
  origin: Origin,
): PoolEvent[] {
  const before = allocation.attributes;
  const after = merge(before, spec);
  if (JSON.stringify(after) === JSON.stringify(before)) return [];
  return [
    {
      type: 'ip_updated',
      network: network.id,
      ...network.vrfField,
      ...placeOf(network, allocation),
      ...ownerOf(allocation),
      ...after,
      ...origin,
    },
  ];
}

/** Attributes after a change, in one order. */
export function merge(before: Attributes, spec: AttributesSpec): Attributes {
  const after: Record<string, unknown> = { ...before };
  for (const name in spec) {
    const value = spec[name as keyof Attributes];
    if (value === undefined) continue;
    after[name] = value === null || (Array.isArray(value) && value.length === 0) ? undefined : value;
  }
  return attributesOf(after);
}
