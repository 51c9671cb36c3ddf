import type { IncomingMessage } from 'node:http';
import type Koa from 'koa';
import type { Context, Middleware } from 'koa';
import type { PoolError } from '../errors.ts';
import { respondError, STATUS, toPoolError } from './errors.ts';
import { REQUEST_ID_HEADER, RequestIds } from './request-id.ts';

/** How long a refused client may continue to send its body before it gets the response anyway. */
const DISCARD_MS = 1_000;

export interface Log {
  debug(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/**
 * The outermost middleware: numbers the request, and responds to and logs whatever is thrown below it.
 *
 * @param logRequests whether every request is logged; our own failures always are
 */
export function errorHandler(log: Log, logRequests: boolean): Middleware {
  const ids = new RequestIds();
  return async (ctx, next) => {
    const started = logRequests ? performance.now() : 0;
    const id = ids.of(ctx.req);
    ctx.state.requestId = id;
    ctx.set(REQUEST_ID_HEADER, id);
    try {
      await next();
    } catch (thrown) {
      if (!ctx.req.complete) await discard(ctx.req);
      if (!ctx.req.complete) ctx.set('Connection', 'close');
      const error = toPoolError(thrown);
      respondError(ctx, error, thrown);
      logFailure(log, error, id);
    }
    if (logRequests) logRequest(log, ctx, started);
  };
}

/**
 * Logs errors that Koa meets after the middleware: of a body that is being streamed, which breaks the connection off, so
 * that nobody takes it for whole. A client that goes away is no error.
 */
export function logLateErrors(app: Koa, log: Log): void {
  const logged = new WeakSet<Error>(); // the stream, the response and the socket report the same one
  app.on('error', (error: Error & { code?: string }, ctx?: Context) => {
    if (GONE.test(error.code ?? '') || logged.has(error)) return;
    logged.add(error);
    logFailure(log, toPoolError(error), String(ctx?.state.requestId));
  });
}

/** Codes of errors with which Node reports that the other side closed the connection or sent nonsense. */
const GONE = /^(?:ECONNRESET|EPIPE|ETIMEDOUT|ERR_STREAM_PREMATURE_CLOSE|HPE_\w+)$/;

/** Logs an error that is our failure: what is caught no longer reaches app.on('error'). */
export function logFailure(log: Log, error: PoolError, request_id: string): void {
  const status = STATUS[error.code];
  if (status < 500 || status === 503 || status === 507) return; // the store logs once that the disk is full
  log.error({ err: error.cause ?? error, code: error.code, request_id }, error.message);
}

function logRequest(log: Log, ctx: Context, started: number): void {
  const path = ctx.req.url?.split('?', 1)[0];
  const ms = Math.round((performance.now() - started) * 1000) / 1000;
  const facts = { method: ctx.method, path, status: ctx.status, ms, request_id: ctx.state.requestId as string };
  log.debug(facts, 'request');
}

/**
 * Reads what a refused request still sends. To respond and close at once would reset the connection while the client
 * is sending its body, and the client would never see the response.
 */
function discard(request: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    if (request.destroyed) {
      resolve();
      return;
    }
    const late = setTimeout(resolve, DISCARD_MS);
    const finish = () => {
      clearTimeout(late);
      resolve();
    };
    request.once('end', finish).once('close', finish);
    request.unpipe();
    request.resume();
  });
}
