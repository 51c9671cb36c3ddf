import { PoolError } from '../errors.ts';

/** The error of a shared store that cannot be reached. */
export function unavailable(reason: string, cause?: unknown): PoolError {
  return new PoolError('store_unavailable', `The cluster cannot be asked now: ${reason}`, { retry_after: 1 }, cause);
}
