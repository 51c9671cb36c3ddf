import type { IncomingMessage, ServerResponse } from 'node:http';
import Koa from 'koa';
import Router from '@koa/router';
import type { Cluster } from '../service/cluster.ts';
import type { Health } from '../service/health.ts';
import type { UseCases } from '../service/use-cases.ts';
import { admission, refuseUnreadable } from './admission.ts';
import { hotPath } from './hot/hot-path.ts';
import { errorHandler, type Log, logLateErrors } from './error-handler.ts';
import { type MountedApi, mounted } from './mount.ts';
import { type Revisions, revisionHeader } from './revision.ts';
import { allocationRoutes } from './routes/allocations.ts';
import { clusterRoutes } from './routes/cluster.ts';
import { healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { importRoutes } from './routes/imports.ts';
import { ipRoutes } from './routes/ip.ts';
import { networkRoutes } from './routes/networks.ts';
import { openApiRoutes } from './routes/openapi.ts';
import { unrouted } from './unrouted.ts';

export interface AppOptions {
  readonly useCases: UseCases;
  readonly health: Health;
  /** Absent: a single node. */
  readonly cluster?: Cluster | undefined;
  readonly version: string;
  /** Host names that reach the service, besides addresses and names without a dot. */
  readonly allowedHosts: readonly string[];
  readonly log: Log;
  /** Whether every request is logged. */
  readonly logRequests: boolean;
  /** How far this replica has caught up; absent: a single node. */
  readonly revisions?: Revisions | undefined;
  /** APIs with an error format of their own, each below its prefix. */
  readonly apis?: readonly MountedApi[];
}

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
