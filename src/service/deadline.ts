import { PoolError } from '../errors.ts';

/** The commit that is under way may still take effect. */
const UNKNOWN = 'The store did not respond in time, so the outcome is unknown: repeat the request';

/**
 * Limits how long a request waits for its work.
 *
 * @param ms milliseconds; undefined: no limit
 * @param work begins nothing new once `isLate` returns true, because the caller already has an error
 * @throws PoolError `store_unavailable`
 */
export function withTimeout<T>(ms: number | undefined, work: (isLate: () => boolean) => Promise<T>): Promise<T> {
  return ms === undefined ? work(() => false) : within(ms, work);
}

async function within<T>(ms: number, work: (isLate: () => boolean) => Promise<T>): Promise<T> {
  let isLate = false;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      isLate = true;
      reject(new PoolError('store_unavailable', UNKNOWN, { retry_after: 1 }));
    }, ms);
  });
  try {
    return await Promise.race([work(() => isLate), late]);
  } finally {
    clearTimeout(timer);
  }
}

export function unavailable(reason: string): PoolError {
  return new PoolError('store_unavailable', `Nothing can be written now: ${reason}`, { retry_after: 1 });
}
