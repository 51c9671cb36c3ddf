import { createHash } from 'node:crypto';
import type { DomainEvent, Families } from '../store/families.ts';

/** Counts and checksums by which the states of two stores are compared. Other families add counts of their own kinds. */
export interface Summary {
  readonly networks: number;
  readonly reservations: number;
  readonly allocations: number;
  /** Released addresses that are cooling, or sticky. */
  readonly remembered: number;
  /** Over all allocations with their attributes … */
  readonly allocationsSum: string;
  /** … and over everything else. */
  readonly othersSum: string;
}

const LANES = 8;

/** The kind that has a checksum of its own. */
const ALLOCATIONS = 'allocations';

/**
 * Counts and checksums of a state. A checksum is the sum of the SHA-256 of its parts, 32 bits at a time: it does not depend
 * on their order, in which two stores may differ.
 */
export function summaryOf(families: Families): Summary {
  const allocations = new Sum();
  const others = new Sum();
  const counts: Record<string, number> = { networks: 0, reservations: 0, remembered: 0, [ALLOCATIONS]: 0 };
  for (const event of families.snapshot().events) {
    const part = families.afterMove(event);
    if (part === undefined) continue;
    const kind = families.kindOf(event);
    if (kind !== undefined) counts[kind] = (counts[kind] ?? 0) + 1;
    (kind === ALLOCATIONS ? allocations : others).add(part);
  }
  const { networks = 0, reservations = 0, remembered = 0, [ALLOCATIONS]: count = 0, ...rest } = counts;
  const sums = { allocationsSum: allocations.hex, othersSum: others.hex };
  return { networks, reservations, remembered, allocations: count, ...rest, ...sums };
}

class Sum {
  readonly #lanes = new Uint32Array(LANES);

  add(event: DomainEvent): void {
    const text = JSON.stringify(Object.entries(event).sort(([a], [b]) => (a < b ? -1 : 1)));
    const digest = createHash('sha256').update(text).digest();
    for (let i = 0; i < LANES; i++) this.#lanes[i] = ((this.#lanes[i] ?? 0) + digest.readUInt32BE(4 * i)) >>> 0;
  }

  get hex(): string {
    return [...this.#lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('');
  }
}
