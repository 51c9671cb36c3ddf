import Router from '@koa/router';
import type { HealthReport, Liveness, Readiness } from '../../api/schema.ts';
import type { Health } from '../../service/health.ts';
import { respondJson } from '../respond.ts';

/** Paths that answer in every phase, also while loading and draining. */
export const HEALTH_PATHS = new Set(['/livez', '/readyz', '/healthz', '/api/v1/health', '/api/v1/openapi.json']);

/** The doors of probes and load balancers. Only the status code counts; the bodies are for people. */
export function healthRoutes(health: Health, version: string): Router {
  const router = new Router({ sensitive: true });

  router.get('/livez', (ctx) => {
    respondJson(ctx, 200, { status: 'alive' } satisfies Liveness);
  });

  router.get(['/readyz', '/healthz'], (ctx) => {
    if (!health.ready) ctx.set('Retry-After', '1');
    const { checks, progress } = health;
    const status = health.ready ? 'ready' : 'not ready';
    const loading = progress && { read_bytes: progress.done, total_bytes: progress.total };
    respondJson(ctx, health.ready ? 200 : 503, { status, checks, ...(loading && { loading }) } satisfies Readiness);
  });

  router.get('/api/v1/health', (ctx) => {
    respondJson(ctx, 200, {
      status: 'healthy',
      service: 'ipam',
      cluster_mode: health.isCluster,
      version,
      uptime_seconds: health.uptime,
    } satisfies HealthReport);
  });

  return router;
}
