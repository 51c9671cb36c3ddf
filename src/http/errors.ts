import type { Context } from 'koa';
import type { ErrorBody } from '../api/schema.ts';
import { type ErrorCode, PoolError } from '../errors.ts';
import { respondJson } from './respond.ts';

/** The status of every code. Those that only a start can meet have 500: they never come out of a request. */
export const STATUS = {
  invalid_request: 400,
  usage: 400,
  invalid_address: 400,
  invalid_json: 400,
  foreign_origin: 403,
  route_not_found: 404,
  network_not_found: 404,
  allocation_not_found: 404,
  reservation_not_found: 404,
  node_not_found: 404,
  method_not_allowed: 405,
  address_mismatch: 409,
  address_taken: 409,
  address_reserved: 409,
  network_overlap: 409,
  network_exists: 409,
  network_in_use: 409,
  ambiguous_vrf: 409,
  network_draining: 409,
  reservation_overlap: 409,
  unsafe_reconcile: 409,
  import_refused: 409,
  node_exists: 409,
  quorum_at_risk: 409,
  conflict: 409,
  position_gone: 410,
  payload_too_large: 413,
  commit_too_large: 413,
  unsupported_media_type: 415,
  pool_exhausted: 503,
  loading: 503,
  store_unavailable: 503,
  storage_full: 507,
  internal: 500,
  data_corrupt: 500,
  data_io: 500,
  data_locked: 500,
  data_mismatch: 500,
  listen_failed: 500,
  member_ended: 500,
} as const satisfies Record<ErrorCode, number>;

/** Seconds after which it is worth to try again. */
const RETRY_AFTER: Readonly<Partial<Record<ErrorCode, number>>> = {
  pool_exhausted: 5,
  loading: 1,
  conflict: 1,
  store_unavailable: 1,
  storage_full: 5,
};

/** Statuses that other middleware throws and that have a code of ours. */
const CODES: ReadonlyMap<number, ErrorCode> = new Map([
  [404, 'route_not_found'],
  [413, 'payload_too_large'],
  [415, 'unsupported_media_type'],
]);

/** What Koa's middleware throws: https://github.com/jshttp/http-errors */
interface HttpError extends Error {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
}

function isClientError(thrown: unknown): thrown is HttpError {
  const { status, expose } = (thrown ?? {}) as { status?: unknown; expose?: unknown };
  return thrown instanceof Error && expose === true && typeof status === 'number' && status >= 400 && status < 500;
}

/** What was thrown as an error of ours. A message that is not exposed stays in the cause, for the log. */
export function toPoolError(thrown: unknown): PoolError {
  if (thrown instanceof PoolError) return thrown;
  if (isClientError(thrown)) return new PoolError(CODES.get(thrown.status) ?? 'invalid_request', thrown.message);
  return new PoolError('internal', 'Internal error', {}, thrown);
}

/** The status of an error, and the headers that go with it. @param thrown what the error was made from */
export function errorHead(error: PoolError, thrown: unknown): { status: number; headers: Record<string, string> } {
  const http = isClientError(thrown) ? thrown : undefined;
  const { retry_after, allow } = error.details;
  const retry = typeof retry_after === 'number' ? retry_after : RETRY_AFTER[error.code];
  const headers: Record<string, string> = { ...http?.headers };
  if (retry !== undefined) headers['Retry-After'] = String(retry);
  if (Array.isArray(allow)) headers.Allow = allow.join(', ');
  return { status: http?.status ?? STATUS[error.code], headers };
}

/** Responds with an error in the format of our own API. @param thrown what the error was made from */
export function respondError(ctx: Context, error: PoolError, thrown: unknown): void {
  const { status, headers } = errorHead(error, thrown);
  ctx.remove('Content-Encoding'); // of a body that will not be sent
  ctx.set(headers);
  ctx.type = 'json';
  respondJson(ctx, status, errorBody(error, status, ctx.state.requestId as string));
}

export function errorBody(error: PoolError, status: number, requestId: string): ErrorBody {
  return { error: error.message, code: error.code, status, details: error.details, request_id: requestId };
}
