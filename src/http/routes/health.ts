import type { Context } from 'koa';
import type { SERVICE_OPERATIONS } from '../../api/operations/service.ts';
import type { Handlers } from '../endpoints.ts';
import type { HealthReport, Liveness, Readiness } from '../../api/schema.ts';
import type { Health } from '../../service/health.ts';
import { respondJson } from '../respond.ts';

/** Paths that answer in every phase, also while loading and draining. */
export const HEALTH_PATHS: ReadonlySet<string> = new Set([
  '/livez',
  '/readyz',
  '/healthz',
  '/api/v1/health',
  '/api/v1/openapi.json',
]);

type HealthEndpoints = Pick<typeof SERVICE_OPERATIONS, '/livez' | '/readyz' | '/healthz' | '/api/v1/health'>;

/** For probes and load balancers. Only the status code counts; the bodies are for people. */
export function healthHandlers(health: Health, version: string): Handlers<HealthEndpoints> {
  const respondReadiness = (ctx: Context) => {
    if (!health.ready) ctx.set('Retry-After', '1');
    const { checks, progress } = health;
    const status = health.ready ? 'ready' : 'not ready';
    const loading = progress && { read_bytes: progress.done, total_bytes: progress.total };
    respondJson(ctx, health.ready ? 200 : 503, { status, checks, ...(loading && { loading }) } satisfies Readiness);
  };
  return {
    'GET /livez': (ctx) => {
      respondJson(ctx, 200, { status: 'alive' } satisfies Liveness);
    },

    'GET /readyz': respondReadiness,

    'GET /healthz': respondReadiness,

    'GET /api/v1/health': (ctx) => {
      respondJson(ctx, 200, {
        status: 'healthy',
        service: 'ipam',
        cluster_mode: health.isCluster,
        version,
        uptime_seconds: health.uptime,
      } satisfies HealthReport);
    },
  };
}
