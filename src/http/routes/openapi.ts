import Router from '@koa/router';
import { openApiDocument } from '../../api/openapi.ts';
import { answerJson } from '../answer.ts';

/** The description of all doors. */
export function openApiRoutes(version: string): Router {
  const router = new Router();
  router.get('/api/v1/openapi.json', (ctx) => {
    answerJson(ctx, 200, openApiDocument(version));
  });
  return router;
}
