import type { Context, Middleware } from 'koa';
import { PoolError } from '../errors.ts';
import { beforeResponse } from './answer.ts';

/** How far a node of several knows what all have written. */
export interface Revisions {
  readonly revision: number;
  /** Whether it can be asked for more. */
  health(): { readonly writable: boolean };
  /** Resolves when it knows all up to a revision. @throws PoolError `store_unavailable` */
  reached(revision: number): Promise<void>;
}

export const REVISION_HEADER = 'X-Ippool-Revision';
const STALE = '110 - "Response is Stale"';

/**
 * Every answer says how new it is at most. Whoever sends that back is answered from nothing older, by whichever node.
 */
export function revisionHeader(revisions: Revisions): Middleware {
  return async (ctx, next) => {
    const asked = askedFor(ctx);
    if (asked !== undefined) await revisions.reached(asked);
    // When the answer has been made: it may tell of what came meanwhile.
    const tell = () => {
      ctx.res.setHeader(REVISION_HEADER, String(revisions.revision));
      if (ctx.method === 'GET' && !revisions.health().writable) ctx.res.setHeader('Warning', STALE);
    };
    beforeResponse(ctx, tell);
    await next();
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
