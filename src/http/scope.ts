import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import { PoolError } from '../errors.ts';
import type { Scope } from '../service/scope.ts';

const ACTOR = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;

/** Identifies the caller of a request. It works on Node's request, so that the hot path and Koa share it. */
export type Identify = (request: IncomingMessage, requestId: string) => Scope;

/** The scope of a request, from the `identify` of the application. @throws PoolError `invalid_request` */
export function scopeOf(ctx: Context): Scope {
  return (ctx.identify as Identify)(ctx.req, ctx.state.requestId as string);
}

/** Takes the actor that the client claims, and lets everybody see everything: there are no tokens yet. */
export const anonymous: Identify = ({ headers }, requestId) => {
  const actor = headers['x-actor'];
  if (actor === undefined) return { actor: 'anonymous', requestId };
  if (typeof actor === 'string' && ACTOR.test(actor)) return { actor, requestId };
  throw new PoolError('invalid_request', 'X-Actor is invalid: it must be 1 to 128 printable ASCII characters', {
    field: 'X-Actor',
  });
};
