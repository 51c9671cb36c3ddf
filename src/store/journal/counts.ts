import type { Families } from '../families.ts';

/** How much there is of each kind in a state; see {@link ../families.ts}, `kindOf`. */
export function countsOf(families: Families): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const event of families.snapshot().events) {
    const kind = families.kindOf(event);
    if (kind !== undefined) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return counts;
}
