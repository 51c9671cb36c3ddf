import type { Context, Middleware } from 'koa';
import { PoolError } from '../pool/errors.ts';

/** How far a node of several knows what all have written. */
export interface Revisions {
  readonly revision: number;
  /** Whether it can be asked for more. */
  health(): { readonly writable: boolean };
  /** Resolves when it knows all up to a revision. @throws PoolError `store_unavailable` */
  reached(revision: number): Promise<void>;
}

export const REVISION_HEADER = 'X-Ippool-Revision';

/**
 * Every answer says how new it is at most. Whoever sends that back is answered from nothing older, by whichever node.
 */
export function revisionHeader(revisions: Revisions): Middleware {
  return async (ctx, next) => {
    const asked = askedFor(ctx);
    if (asked !== undefined) await revisions.reached(asked);
    await next();
    // After the answer was made: it may tell of what came meanwhile.
    ctx.set(REVISION_HEADER, String(revisions.revision));
    if (ctx.method === 'GET' && !revisions.health().writable) ctx.set('Warning', '110 - "Response is Stale"');
  };
}

function askedFor(ctx: Context): number | undefined {
  const text = ctx.get(REVISION_HEADER);
  if (text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new PoolError('invalid_request', `${REVISION_HEADER} must be one that an answer had`, {
    field: REVISION_HEADER,
  });
}
