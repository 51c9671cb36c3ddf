import type Router from '@koa/router';
import Koa, { type Context } from 'koa';
import { ROUTE_WORDS } from '../api/schema.ts';
import { PoolError } from '../pool/errors.ts';
import type { Cluster } from '../service/cluster.ts';
import type { Health } from '../service/health.ts';
import type { UseCases } from '../service/use-cases.ts';
import { entrance, type Log } from './entrance.ts';
import { foreignRefusal } from './origin.ts';
import { type Revisions, revisionHeader } from './revision.ts';
import { allocationRoutes } from './routes/allocations.ts';
import { clusterRoutes } from './routes/cluster.ts';
import { HEALTH_PATHS, healthRoutes } from './routes/health.ts';
import { historyRoutes } from './routes/history.ts';
import { intakeRoutes } from './routes/intake.ts';
import { ipRoutes } from './routes/ip.ts';
import { networkRoutes } from './routes/networks.ts';
import { openApiRoutes } from './routes/openapi.ts';

export interface AppOptions {
  readonly useCases: UseCases;
  readonly health: Health;
  /** Absent: this node is alone. */
  readonly cluster?: Cluster | undefined;
  readonly version: string;
  /** Names under which the service may be reached, besides addresses and names without a dot. */
  readonly allowedHosts: readonly string[];
  readonly log: Log;
  /** Whether every request gets a line in the log. */
  readonly logRequests: boolean;
  /** How far this node knows what all have written; absent: it is alone. */
  readonly revisions?: Revisions | undefined;
}

/** The way of every request: number it, catch what goes wrong, refuse web pages, wait for the history, route. */
export function createApp(options: AppOptions): Koa {
  const { useCases, health, version, allowedHosts, log, logRequests } = options;
  const app = new Koa();
  // Only what happens while an answer is sent comes here: mostly a client that went away.
  app.on('error', (error: Error) => log.debug({ err: error }, 'an answer could not be sent'));
  // Every router asks for it, Koa takes the headers apart for it each time, and no route goes by it.
  Object.defineProperty(app.context, 'host', { value: '' });
  const refuseForeign = foreignRefusal(allowedHosts);
  app.use(entrance(log, logRequests));
  app.use((ctx, next) => {
    refuseUnreadable(ctx);
    refuseForeign(ctx);
    refuseEarly(ctx, health);
    return next();
  });
  if (options.revisions) app.use(revisionHeader(options.revisions));
  const routers = [
    ipRoutes(useCases),
    networkRoutes(useCases),
    allocationRoutes(useCases),
    historyRoutes(useCases),
    intakeRoutes(useCases),
    healthRoutes(health, version),
    openApiRoutes(version),
    ...(options.cluster ? [clusterRoutes(options.cluster)] : []),
  ];
  for (const router of routers) app.use(router.routes());
  app.use((ctx) => refuseUnrouted(ctx, routers));
  return app;
}

function refuseUnrouted(ctx: Context, routers: readonly Router[]): never {
  const layers = routers.flatMap((router) => router.match(ctx.path, ctx.method).path);
  // /allocate and /release are not VMs of that name: what matches to the letter stands before what matches by parameter.
  const literal = layers.filter(({ paramNames }) => paramNames.length === 0);
  const isWord = ctx.path.startsWith('/api/v1/ip/') && ROUTE_WORDS.some((word) => ctx.path.endsWith(`/${word}`));
  const elsewhere = (literal.length > 0 || isWord ? literal : layers).flatMap(({ methods }) =>
    methods.includes(ctx.method) ? [] : methods,
  );
  const path = ctx.path.slice(0, 128);
  if (elsewhere.length === 0) throw new PoolError('route_not_found', `No route ${path}`, { path });
  const allow = [...new Set(elsewhere)];
  throw new PoolError('method_not_allowed', `${ctx.method} is not possible on ${path}`, { allow });
}

/** What Node lets through and HTTP/1.1 does not (RFC 9112, sections 3.2 and 3.2.2). */
function refuseUnreadable(ctx: Context): void {
  const { headers, httpVersionMinor } = ctx.req;
  if (headers.host === undefined && httpVersionMinor > 0) {
    throw new PoolError('invalid_request', 'Host is missing', { field: 'Host' });
  }
  if (pathOf(ctx) === null) {
    throw new PoolError('invalid_request', 'The request target is neither a path nor a URL', { field: 'target' });
  }
}

function pathOf(ctx: Context): string | null {
  try {
    return ctx.path;
  } catch {
    return null; // such as http://[/
  }
}

/** Before the history is through nobody knows which addresses are free. */
function refuseEarly(ctx: Context, health: Health): void {
  const { phase } = health;
  if (phase === 'ready') return;
  if (phase === 'draining') ctx.set('Connection', 'close');
  else if (!HEALTH_PATHS.has(ctx.path)) {
    throw new PoolError('loading', health.loading);
  }
}
