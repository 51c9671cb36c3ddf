import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import type { AppOptions } from './app-options.ts';
import { admission, refuseUnreadable } from './admission.ts';
import { CLUSTER_ENDPOINTS, NODE_ENDPOINTS } from '../api/endpoints.ts';
import { type Handlers, routerOf } from './endpoints.ts';
import { hotPath } from './hot/hot-path.ts';
import { errorHandler, logLateErrors } from './error-handler.ts';
import { mounted } from './mount.ts';
import { revisionHeader } from './revision.ts';
import { allocationHandlers } from './routes/allocations.ts';
import { clusterHandlers } from './routes/cluster.ts';
import { healthHandlers } from './routes/health.ts';
import { historyHandlers } from './routes/history.ts';
import { importHandlers } from './routes/imports.ts';
import { ipHandlers } from './routes/ip.ts';
import { networkHandlers } from './routes/networks.ts';
import { openApiHandlers } from './routes/openapi.ts';
import { anonymous } from './scope.ts';
import { unrouted } from './unrouted.ts';

export type { AppOptions };

/** What the server calls for every request: the Koa application behind the hot path. */
export function createHandler(options: AppOptions): (request: IncomingMessage, response: ServerResponse) => unknown {
  return hotPath(options, createApp(options).callback());
}

/**
 * The Koa application. Further middleware, such as static files, is added with `use`: requests that match no route of
 * ours reach it after the checks, and what it throws is reported in our error format.
 */
export function createApp(options: AppOptions): Koa {
  const { health, allowedHosts, log, logRequests, apis = [] } = options;
  const app = new Koa();
  app.context.identify = options.identify ?? anonymous;
  logLateErrors(app, log);
  const admit = admission(allowedHosts, health);
  app.use(errorHandler(log, logRequests));
  app.use(refuseUnreadable);
  for (const api of apis) app.use(mounted(api, admit));
  app.use(admit);
  if (options.revisions) app.use(revisionHeader(options.revisions));
  app.use(unrouted);
  app.use(routerOf(NODE_ENDPOINTS, nodeHandlers(options)).routes());
  if (options.cluster) app.use(routerOf(CLUSTER_ENDPOINTS, clusterHandlers(options.cluster)).routes());
  return app;
}

/** The handlers of {@link NODE_ENDPOINTS}. */
function nodeHandlers({ useCases, health, version }: AppOptions): Handlers<typeof NODE_ENDPOINTS> {
  return {
    ...ipHandlers(useCases),
    ...networkHandlers(useCases),
    ...allocationHandlers(useCases),
    ...historyHandlers(useCases),
    ...importHandlers(useCases),
    ...healthHandlers(health, version),
    ...openApiHandlers(version),
  };
}
