import { PoolError } from '../../errors.ts';
import type { PoolEvent } from '../../pool/events.ts';
import type { KeyValue } from './messages.ts';

/** The event at a key. @throws PoolError `data_corrupt`, which names the key, when something else is there */
export function eventOf(kv: KeyValue): PoolEvent {
  const event = parsed(kv);
  if (isEvent(event)) return event;
  throw corrupt(kv);
}

/** The events of a record. @throws PoolError as {@link eventOf} */
export function eventsOf(kv: KeyValue): PoolEvent[] {
  const events = parsed(kv);
  if (Array.isArray(events) && events.every(isEvent)) return events;
  throw corrupt(kv);
}

function parsed(kv: KeyValue): unknown {
  try {
    return JSON.parse(kv.value);
  } catch (cause) {
    throw corrupt(kv, cause);
  }
}

function isEvent(value: unknown): value is PoolEvent {
  return typeof value === 'object' && value !== null && 'type' in value;
}

function corrupt(kv: KeyValue, cause?: unknown): PoolError {
  const key = kv.key;
  return new PoolError('data_corrupt', `etcd holds at ${key} what ippool has not put there`, { key }, cause);
}
