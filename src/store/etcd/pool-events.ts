import { PoolError } from '../../errors.ts';
import type { PoolEvent } from '../../pool/events.ts';
import { isPoolEvent } from '../../pool/family.ts';
import type { DomainEvent } from '../families.ts';

/**
 * The keys in etcd are made per event type of the pool (plan.ts, image.ts); other families have none yet.
 *
 * @throws PoolError `data_mismatch` for an event of another family: it would be lost without a word
 */
export function requirePoolEvent(event: DomainEvent): PoolEvent {
  if (isPoolEvent(event)) return event;
  throw new PoolError(
    'data_mismatch',
    `etcd cannot hold events of the type ${event.type} yet: keep this data in a data folder`,
    { type: event.type },
  );
}

/** @throws PoolError as {@link requirePoolEvent} */
export function requirePoolEvents(events: readonly DomainEvent[]): readonly PoolEvent[] {
  return events.map(requirePoolEvent);
}
