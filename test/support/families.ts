import type { PoolEvent } from '../../src/pool/events.ts';
import { isPoolEvent, PoolFamily } from '../../src/pool/family.ts';
import { Pool } from '../../src/pool/pool.ts';
import { type DomainEvent, Families } from '../../src/store/families.ts';

/** The registry of a pool. */
export function familiesOf(pool: Pool = new Pool()): Families {
  return new Families([new PoolFamily(pool)]);
}

/** A registry that accepts every event of the pool whatever came before it, and has a given snapshot. */
export function acceptingFamilies(snapshot: () => Iterable<PoolEvent> = () => []): Families {
  const family = new PoolFamily();
  return new Families([
    {
      name: family.name,
      types: family.types,
      offline: family.offline,
      snapshot,
      violation: () => undefined,
      apply: () => undefined,
    },
  ]);
}

/** The events of a delivery, for tests in which only the pool commits. */
export function poolEvents(events: readonly DomainEvent[]): PoolEvent[] {
  return events.map((event) => {
    if (!isPoolEvent(event)) throw new Error(`${event.type} is not an event of the pool`);
    return event;
  });
}
