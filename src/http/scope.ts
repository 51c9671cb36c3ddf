import type { Context } from 'koa';
import { PoolError } from '../errors.ts';
import type { Scope } from '../service/scope.ts';

/** Who is asking: until there are tokens whoever it says it is, or anonymous. @throws PoolError `invalid_request` */
export function scopeOf(ctx: Context): Scope {
  const requestId = ctx.state.requestId as string;
  const actor = ctx.req.headers['x-actor'];
  if (actor === undefined) return { actor: 'anonymous', requestId };
  if (typeof actor === 'string' && /^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/.test(actor))
    return { actor, requestId };
  throw new PoolError('invalid_request', 'X-Actor is invalid: it must be 1 to 128 printable ASCII characters', {
    field: 'X-Actor',
  });
}
