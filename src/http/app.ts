import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import Router from '@koa/router';
import type { AppOptions } from './app-options.ts';
import { admission, refuseUnreadable } from './admission.ts';
import { hotPath } from './hot/hot-path.ts';
import { errorHandler, logLateErrors } from './error-handler.ts';
import { mounted } from './mount.ts';
import { revisionHeader } from './revision.ts';
import { allocationRoutes } from './routes/allocations.ts';
import { clusterRoutes } from './routes/cluster.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { importRoutes } from './routes/imports.ts';
import { ipRoutes } from './routes/ip.ts';
import { networkRoutes } from './routes/networks.ts';
import { openApiRoutes } from './routes/openapi.ts';
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
  logLateErrors(app, log);
  const admit = admission(allowedHosts, health);
  app.use(errorHandler(log, logRequests));
  app.use(refuseUnreadable);
  for (const api of apis) app.use(mounted(api, admit));
  app.use(admit);
  if (options.revisions) app.use(revisionHeader(options.revisions));
  app.use(unrouted);
  app.use(routerOf(options).routes());
  return app;
}

function routerOf({ useCases, health, version, cluster }: AppOptions): Router {
  const router = new Router();
  const routers = [
    ipRoutes(useCases),
    networkRoutes(useCases),
    allocationRoutes(useCases),
    historyRoutes(useCases),
    importRoutes(useCases),
    healthRoutes(health, version),
    openApiRoutes(version),
    ...(cluster ? [clusterRoutes(cluster)] : []),
  ];
  for (const one of routers) router.use(one.routes());
  return router;
}
