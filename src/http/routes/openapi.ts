import Router from '@koa/router';
import { respondJson } from '../respond.ts';

/** The description of all doors. */
export function openApiRoutes(version: string): Router {
  const router = new Router({ sensitive: true });
  router.get('/api/v1/openapi.json', async (ctx) => {
    const { openApiDocument } = await import('../../api/openapi.ts'); // long, and seldom asked for
    respondJson(ctx, 200, openApiDocument(version));
  });
  return router;
}
