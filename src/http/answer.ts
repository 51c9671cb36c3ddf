import type { OutgoingHttpHeaders } from 'node:http';
import type { Context } from 'koa';

interface AnswerState {
  requestId?: string;
  beforeAnswer?: () => void;
}

/** Tells the caller under which number its request stands in the log. */
export const REQUEST_ID_HEADER = 'X-Request-Id';

/** Has something called when the answer is made, and may have another header still. */
export function beforeAnswer(ctx: Context, tell: () => void): void {
  (ctx.state as AnswerState).beforeAnswer = tell;
}

/**
 * Answers with JSON, at once: nothing that comes after it may change the answer. Past Koa, which would set each part of
 * it by a setter of its own and measure the text again.
 */
export function answerJson(ctx: Context, status: number, value: object): void {
  answerText(ctx, status, JSON.stringify(value));
}

/** Writes the head of an answer whose body is written by the caller. */
export function beginAnswer(ctx: Context, status: number, headers: OutgoingHttpHeaders): void {
  const { requestId = '', beforeAnswer } = ctx.state as AnswerState;
  beforeAnswer?.();
  ctx.respond = false;
  headers[REQUEST_ID_HEADER] = requestId;
  ctx.res.writeHead(status, headers);
}

/** The same with JSON that is written already, in one part or in several. */
export function answerText(ctx: Context, status: number, first: string | Buffer, ...more: readonly Buffer[]): void {
  beginAnswer(ctx, status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': more.reduce((sum, part) => sum + part.length, Buffer.byteLength(first)),
  });
  if (more.length === 0) {
    ctx.res.end(first);
    return;
  }
  ctx.res.cork();
  for (const part of [first, ...more]) ctx.res.write(part);
  ctx.res.end();
}
