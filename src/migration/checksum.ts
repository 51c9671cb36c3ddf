import { createHash } from 'node:crypto';
import type { PoolEvent } from '../pool/events.ts';
import type { Pool } from '../pool/pool.ts';
import { snapshotOf } from '../pool/snapshot.ts';

/** What a state holds, in numbers that two places can be compared by. */
export interface Summary {
  readonly networks: number;
  readonly reservations: number;
  readonly allocations: number;
  /** Released addresses that are cooling, or kept in mind for their owners. */
  readonly remembered: number;
  /** Over all allocations with all that is kept with them … */
  readonly allocationsSum: string;
  /** … and over everything else. */
  readonly othersSum: string;
}

const LANES = 8;

/**
 * Sums a state up. The sum of the SHA-256 of its parts, 32 bits at a time: it does not depend on their order, in which two
 * places may differ. Where the search for the next address goes on is not part of it: a cluster does not know that.
 */
export function summaryOf(pool: Pool): Summary {
  const allocations = new Sum();
  const others = new Sum();
  const counts = { networks: 0, reservations: 0, remembered: 0 };
  for (const event of snapshotOf(pool)) {
    switch (event.type) {
      case 'ip_allocated':
        allocations.add(event);
        break;
      case 'network_added':
        counts.networks++;
        others.add(event);
        break;
      case 'reservation_added':
        counts.reservations++;
        others.add(event);
        break;
      case 'ip_remembered':
        counts.remembered++;
        others.add(event);
        break;
      case 'time_told':
        others.add(event);
        break;
      default: // a cursor
    }
  }
  return { ...counts, allocations: allocations.count, allocationsSum: allocations.hex, othersSum: others.hex };
}

class Sum {
  count = 0;
  readonly #lanes = new Uint32Array(LANES);

  add(event: PoolEvent): void {
    const { requested: _, ...facts } = { requested: undefined, ...event };
    const text = JSON.stringify(Object.entries(facts).sort(([a], [b]) => (a < b ? -1 : 1)));
    const digest = createHash('sha256').update(text).digest();
    for (let i = 0; i < LANES; i++) this.#lanes[i] = ((this.#lanes[i] ?? 0) + digest.readUInt32BE(4 * i)) >>> 0;
    this.count++;
  }

  get hex(): string {
    return [...this.#lanes].map((lane) => lane.toString(16).padStart(8, '0')).join('');
  }
}
