import type Router from '@koa/router';
import type { Context, Next } from 'koa';
import { ROUTE_WORDS } from '../api/schema.ts';
import { PoolError } from '../errors.ts';

/**
 * Reports requests that nothing responded to. It takes the place of `router.allowedMethods()`, which would respond to
 * OPTIONS with 200, to other unknown methods with 501 on any path, and would allow GET where `/api/v1/ip/{vm_id}` matches
 * the word of another route.
 *
 * @throws PoolError `route_not_found` or `method_not_allowed`
 */
export async function unrouted(ctx: Context, next: Next): Promise<void> {
  await next();
  if (ctx.status !== 404 || ctx.body !== undefined || ctx.respond === false || ctx.headerSent) return;
  const path = ctx.path.slice(0, 128);
  const allow = allowedMethods(ctx);
  if (allow.length === 0) throw new PoolError('route_not_found', `No route ${path}`, { path });
  throw new PoolError('method_not_allowed', `${ctx.method} is not possible on ${path}`, { allow });
}

function allowedMethods({ path, method, matched }: Context & { matched?: Router['stack'] }): string[] {
  const layers = matched ?? [];
  // A literal path takes precedence over one with a parameter: no VM is called allocate or release.
  const literal = layers.filter(({ paramNames }) => paramNames.length === 0);
  const isWord = path.startsWith('/api/v1/ip/') && ROUTE_WORDS.some((word) => path.endsWith(`/${word}`));
  const candidates = literal.length > 0 || isWord ? literal : layers;
  return [...new Set(candidates.flatMap(({ methods }) => (methods.includes(method) ? [] : methods)))];
}
