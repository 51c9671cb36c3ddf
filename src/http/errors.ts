import type { IncomingMessage } from 'node:http';
import type { Context, Middleware } from 'koa';
import type { ErrorBody } from '../api/schema.ts';
import { type ErrorCode, PoolError } from '../pool/errors.ts';

/** The status of every code. Those that only a start can meet have 500: they never come out of a request. */
export const STATUS = {
  invalid_request: 400,
  invalid_address: 400,
  invalid_json: 400,
  foreign_origin: 403,
  route_not_found: 404,
  network_not_found: 404,
  allocation_not_found: 404,
  method_not_allowed: 405,
  address_mismatch: 409,
  conflict: 409,
  payload_too_large: 413,
  unsupported_media_type: 415,
  pool_exhausted: 503,
  loading: 503,
  draining: 503,
  store_unavailable: 503,
  storage_full: 507,
  internal: 500,
  usage: 500,
  data_corrupt: 500,
  data_io: 500,
  data_locked: 500,
  data_mismatch: 500,
  listen_failed: 500,
} as const satisfies Record<ErrorCode, number>;

/** Seconds after which it is worth to try again. */
const RETRY_AFTER: Partial<Record<ErrorCode, number>> = {
  pool_exhausted: 5,
  loading: 1,
  draining: 2,
  conflict: 1,
  store_unavailable: 1,
  storage_full: 5,
};

/** How long a client that is refused may go on sending before it is answered all the same. */
const DISCARD_MS = 1_000;

export interface Log {
  debug(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** The outermost middleware: turns whatever was thrown below into an answer of the form that all doors of our own share. */
export function answerErrors(log: Log): Middleware {
  return async (ctx, next) => {
    try {
      await next();
    } catch (thrown) {
      if (!ctx.req.complete) await discard(ctx.req);
      if (!ctx.req.complete) ctx.set('Connection', 'close');
      const error = thrown instanceof PoolError ? thrown : new PoolError('internal', 'Internal error', {}, thrown);
      const status = STATUS[error.code];
      answer(ctx, error, status);
      // An error that is caught here no longer reaches app.on('error').
      if (status >= 500 && status !== 503) {
        log.error(
          { err: error.cause ?? error, code: error.code, request_id: ctx.state.requestId as string },
          error.message,
        );
      }
    }
  };
}

/**
 * Reads what a refused request still sends. Answering and closing at once would reset the connection under a client that
 * is not through with its body, and it would never see the answer.
 */
function discard(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.destroyed) {
      resolve();
      return;
    }
    const late = setTimeout(resolve, DISCARD_MS);
    const through = () => {
      clearTimeout(late);
      resolve();
    };
    request.once('end', through).once('close', through);
    request.unpipe();
    request.resume();
  });
}

function answer(ctx: Context, error: PoolError, status: number): void {
  const retry = RETRY_AFTER[error.code];
  if (retry !== undefined) ctx.set('Retry-After', String(retry));
  if (error.code === 'method_not_allowed') ctx.set('Allow', (error.details.allow as string[]).join(', '));
  ctx.status = status;
  ctx.body = errorBody(error, status, ctx.state.requestId as string);
}

export function errorBody(error: PoolError, status: number, requestId: string): ErrorBody {
  return { error: error.message, code: error.code, status, details: error.details, request_id: requestId };
}
