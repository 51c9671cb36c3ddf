import type { SERVICE_OPERATIONS } from '../../api/operations/service.ts';
import type { Handlers } from '../endpoints.ts';
import { respondJson } from '../respond.ts';

/** The description of all endpoints. */
export function openApiHandlers(version: string): Handlers<Pick<typeof SERVICE_OPERATIONS, '/api/v1/openapi.json'>> {
  return {
    'GET /api/v1/openapi.json': async (ctx) => {
      const { openApiDocument } = await import('../../api/openapi.ts'); // long, and seldom requested
      respondJson(ctx, 200, openApiDocument(version));
    },
  };
}
