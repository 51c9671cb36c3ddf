import { Readable } from 'node:stream';
import type { Context } from 'koa';

/** Responds with JSON. */
export function respondJson(ctx: Context, status: number, value: object): void {
  ctx.status = status;
  ctx.body = value;
}

/** Responds with status 204 and no body. */
export function respondEmpty(ctx: Context): void {
  ctx.status = 204;
}

/** Responds with JSON that is encoded already, in parts: joining megabytes would copy them. */
export function respondParts(ctx: Context, status: number, parts: readonly Buffer[]): void {
  ctx.status = status;
  ctx.type = 'json';
  ctx.body = Readable.from(parts);
  ctx.length = parts.reduce((sum, part) => sum + part.length, 0);
}
