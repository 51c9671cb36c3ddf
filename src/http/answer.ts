import type { Context } from 'koa';

interface AnswerState {
  beforeAnswer?: () => void;
}

/** Has something called when the answer is made, and may have another header still. */
export function beforeAnswer(ctx: Context, tell: () => void): void {
  (ctx.state as AnswerState).beforeAnswer = tell;
}

/**
 * Answers with JSON, at once: nothing that comes after it may change the answer. Past Koa, which would set each part of
 * it by a setter of its own and measure the text again.
 */
export function answerJson(ctx: Context, status: number, value: object): void {
  const text = JSON.stringify(value);
  (ctx.state as AnswerState).beforeAnswer?.();
  ctx.respond = false;
  ctx.res.writeHead(status, {
    'Content-Type': 'application/json; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
  });
  ctx.res.end(text);
}
