import type { Context, Middleware, Next } from 'koa';
import { PoolError } from '../errors.ts';
import type { Health } from '../service/health.ts';
import { foreignRefusal } from './origin.ts';
import { HEALTH_PATHS } from './routes/health.ts';

/** Refuses what Node lets through and HTTP/1.1 does not (RFC 9112, sections 3.2 and 3.2.2). */
export function refuseUnreadable(ctx: Context, next: Next): Promise<unknown> {
  const { headers, httpVersionMinor } = ctx.req;
  if (headers.host === undefined && httpVersionMinor > 0) {
    throw new PoolError('invalid_request', 'Host is missing', { field: 'Host' });
  }
  if (pathOf(ctx) === null) {
    throw new PoolError('invalid_request', 'The request target is neither a path nor a URL', { field: 'target' });
  }
  return next();
}

function pathOf(ctx: Context): string | null {
  try {
    return ctx.path;
  } catch {
    return null; // such as http://[/
  }
}

/**
 * The checks that apply to every API of the server: no web page of another site changes anything, and until the history
 * has been read nobody knows which addresses are free.
 *
 * @param allowedHosts see {@link foreignRefusal}
 */
export function admission(allowedHosts: readonly string[], health: Health): Middleware {
  const refuseForeign = foreignRefusal(allowedHosts);
  return (ctx, next) => {
    refuseForeign(ctx.req);
    const { phase } = health;
    if (phase === 'draining') ctx.set('Connection', 'close');
    else if (phase !== 'ready' && !HEALTH_PATHS.has(ctx.path)) throw new PoolError('loading', health.loading);
    return next();
  };
}
