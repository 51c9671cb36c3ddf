import type { Middleware } from 'koa';

/** An API of another product, or of another team, that shares our server. */
export interface MountedApi {
  /** Such as `/NetworkDriver`; everything below it belongs to the API. */
  readonly prefix: string;
  /** Responds, in the API's format, to what the checks and the routes throw. */
  readonly errorHandler: Middleware;
  /** Its routes, which see the whole path; requests that they pass on reach our own. */
  readonly routes: Middleware;
}

/** @param admit the checks that apply to every API: their refusals go through the API's own error handler */
export function mounted({ prefix, errorHandler, routes }: MountedApi, admit: Middleware): Middleware {
  return async (ctx, next) => {
    if (ctx.path !== prefix && !ctx.path.startsWith(`${prefix}/`)) {
      await next();
      return;
    }
    await errorHandler(ctx, async () => {
      await admit(ctx, async () => {
        await routes(ctx, next);
      });
    });
  };
}
