import type { Context } from 'koa';

/**
 * Answers with JSON. As text that is made here: Koa, given an object, would look up its type and measure it again,
 * about 2 µs a request.
 */
export function answerJson(ctx: Context, status: number, value: object): void {
  ctx.status = status;
  ctx.res.setHeader('Content-Type', 'application/json; charset=utf-8');
  ctx.body = JSON.stringify(value);
}
