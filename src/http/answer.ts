import type { OutgoingHttpHeaders } from 'node:http';
import type { Context } from 'koa';

interface ResponseState {
  requestId?: string;
  beforeResponse?: () => void;
}

/** Tells the caller under which number its request stands in the log. */
export const REQUEST_ID_HEADER = 'X-Request-Id';
const JSON_TYPE = 'application/json; charset=utf-8';

/** Has something called when the answer is made, and may have another header still. */
export function beforeResponse(ctx: Context, tell: () => void): void {
  (ctx.state as ResponseState).beforeResponse = tell;
}

/**
 * Answers with JSON, at once: nothing that comes after it may change the answer. Past Koa, which would set each part of
 * it by a setter of its own and measure the text again.
 */
export function respondJson(ctx: Context, status: number, value: object): void {
  const text = JSON.stringify(value);
  beginResponse(ctx, status, { 'Content-Type': JSON_TYPE, 'Content-Length': Buffer.byteLength(text) });
  const { res } = ctx;
  // `end(text)` would have an empty piece follow the head and the text: a writev, for 4 of the 57 µs of a bare server.
  res.cork();
  res.write(text);
  res.uncork();
  res.end();
}

/** Answers with nothing but the status 204. */
export function respondEmpty(ctx: Context): void {
  beginResponse(ctx, 204, {});
  ctx.res.end();
}

/** Writes the head of an answer whose body is written by the caller. */
export function beginResponse(ctx: Context, status: number, headers: OutgoingHttpHeaders): void {
  const { requestId = '', beforeResponse: beforeResponse } = ctx.state as ResponseState;
  beforeResponse?.();
  headers[REQUEST_ID_HEADER] = requestId;
  ctx.res.writeHead(status, headers);
}

/** The same with JSON that is written already, in parts. */
export function respondParts(ctx: Context, status: number, parts: readonly Buffer[]): void {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  beginResponse(ctx, status, { 'Content-Type': JSON_TYPE, 'Content-Length': length });
  ctx.res.cork();
  for (const part of parts) ctx.res.write(part);
  ctx.res.end();
}
