import type { IncomingMessage } from 'node:http';
import type { Context } from 'koa';
import { PoolError } from '../errors.ts';
import type { Scope } from '../service/transactions.ts';

const ACTOR = /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/;

/** The caller of a request. @throws PoolError `invalid_request` */
export function scopeOf(ctx: Context): Scope {
  return scopeFrom(ctx.req, ctx.state.requestId as string);
}

/** The same for a request that does not pass through Koa. Until there are tokens, the actor is what the client claims. */
export function scopeFrom({ headers }: IncomingMessage, requestId: string): Scope {
  const actor = headers['x-actor'];
  if (actor === undefined) return { actor: 'anonymous', requestId };
  if (typeof actor === 'string' && ACTOR.test(actor)) return { actor, requestId };
  throw new PoolError('invalid_request', 'X-Actor is invalid: it must be 1 to 128 printable ASCII characters', {
    field: 'X-Actor',
  });
}
