import { PoolError } from '../errors.ts';

/** What is under way may count yet. */
const UNKNOWN = 'It is not known whether this was done: no answer in time. Ask again';

/**
 * Waits for work no longer than somebody waits for its answer.
 *
 * @param ms undefined: for as long as it takes
 * @param work asks whether it is too late before it begins something new: whoever asked has been told so
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
