import type { ErrorBody } from '../api/schema.ts';

/** The service answered, and said no. Code is for programs, message for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;
  readonly requestId: string;

  constructor({ error, code, status, details, request_id }: ErrorBody) {
    super(error);
    this.status = status;
    this.code = code;
    this.details = details;
    this.requestId = request_id;
  }
}

/** Nobody answered. A change may have been made all the same: what is asked for again is not made twice. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable';
  readonly server: string;

  constructor(server: string, cause: unknown) {
    super(`Cannot reach ${server}: ${reasonOf(cause)}`, { cause });
    this.server = server;
  }
}

/** fetch says only "fetch failed"; why stands in its cause, and there in the first of several attempts. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  return error.cause === undefined ? error.message : reasonOf(error.cause);
}
