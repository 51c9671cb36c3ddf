import type { Context, Middleware } from 'koa';
import { PoolError } from '../errors.ts';

/** How far the replica of a node has caught up. */
export interface Revisions {
  readonly revision: number;
  /** Whether the store can be reached. */
  health(): { readonly writable: boolean };
  /** Resolves when the replica has caught up to a revision. @throws PoolError `store_unavailable` */
  reached(revision: number): Promise<void>;
}

export const REVISION_HEADER = 'X-Ippool-Revision';
const STALE = '110 - "Response is Stale"';

/**
 * Every response names the revision that it may reflect at most. A client that sends it back gets nothing older, from any
 * node.
 */
export function revisionHeader(revisions: Revisions): Middleware {
  return async (ctx, next) => {
    const minimum = minimumOf(ctx);
    if (minimum !== undefined) await revisions.reached(minimum);
    try {
      await next();
    } finally {
      ctx.set(revisionHeaders(revisions, ctx.method));
    }
  };
}

/** To be called after the response has been made: it may reflect what was delivered meanwhile. */
export function revisionHeaders(revisions: Revisions, method: string | undefined): Record<string, string> {
  const headers: Record<string, string> = { [REVISION_HEADER]: String(revisions.revision) };
  if (method === 'GET' && !revisions.health().writable) headers.Warning = STALE;
  return headers;
}

function minimumOf(ctx: Context): number | undefined {
  const text = ctx.get(REVISION_HEADER);
  if (text === '') return undefined;
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new PoolError('invalid_request', `${REVISION_HEADER} must be one that an answer had`, {
    field: REVISION_HEADER,
  });
}
