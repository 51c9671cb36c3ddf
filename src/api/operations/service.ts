import { BULK_BODY_LIMIT } from '../limits.ts';
import { ImportResponse, ImportBody } from '../imports.ts';
import { HealthReport, Liveness, Readiness } from '../schema.ts';
import { ACTOR, CHANGE, type Operations, query } from './operation.ts';

/** The doors that are about the service as a whole. */
export const SERVICE_OPERATIONS = {
  '/api/v1/import': {
    post: {
      summary: 'Take in networks and allocations, all of them or none',
      parameters: [query('dry_run', 'say what would happen, and change nothing', { type: 'boolean' }), ACTOR],
      body: ImportBody,
      bodyLimit: BULK_BODY_LIMIT,
      answers: { 200: ImportResponse },
      errors: [400, 409, 413, 415, ...CHANGE],
    },
  },
  '/api/v1/health': {
    get: { summary: 'Who is here', answers: { 200: HealthReport }, errors: [] },
  },
  '/api/v1/openapi.json': {
    get: { summary: 'This document', answers: { 200: { type: 'object' } }, errors: [] },
  },
  '/livez': {
    get: { summary: 'Whether the process runs', answers: { 200: Liveness }, errors: [] },
  },
  '/readyz': {
    get: { summary: 'Whether to send requests here', answers: { 200: Readiness, 503: Readiness }, errors: [] },
  },
  '/healthz': {
    get: { summary: 'The same as /readyz', answers: { 200: Readiness, 503: Readiness }, errors: [] },
  },
} as const satisfies Operations;
