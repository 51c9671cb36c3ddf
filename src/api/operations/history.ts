import { BULK_BODY_LIMIT } from '../limits.ts';
import { AuditEntry, AuditList, ReconcileResponse, ReconcileRequest, Tenure, TenureList } from '../history.ts';
import { ACTOR, CHANGE, LIMIT_QUERY, type Operations, PAGE, query, VRF_QUERY } from './operation.ts';

const time = { type: 'string', format: 'date-time' } as const;

/** The doors to what happened, and to what should have. */
export const HISTORY_OPERATIONS = {
  '/api/v1/audit': {
    get: {
      summary: 'What was changed, by whom and when, the latest first',
      parameters: [
        ...PAGE,
        query('since', 'not before', time),
        query('until', 'not after', time),
        query('action', 'only this, such as ip_allocated'),
        query('resource', 'only about this address or network (its id; or its name or CIDR while it exists)'),
        VRF_QUERY,
      ],
      answers: { 200: AuditList },
      lines: AuditEntry,
      errors: [400, 409, 503],
    },
  },
  '/api/v1/history': {
    get: {
      summary: 'Who had an address, or what a VM had, and when; the latest first',
      parameters: [
        query('ip', 'the address'),
        VRF_QUERY,
        query('vm_id', 'or the VM'),
        query('at', 'only at this moment', time),
        LIMIT_QUERY,
      ],
      answers: { 200: TenureList },
      lines: Tenure,
      errors: [400, 409, 503],
    },
  },
  '/api/v1/reconcile': {
    post: {
      summary: 'Find addresses whose VM is not in a list of those that live, and free what was missing twice',
      parameters: [ACTOR],
      body: ReconcileRequest,
      bodyLimit: BULK_BODY_LIMIT,
      answers: { 200: ReconcileResponse },
      errors: [400, 404, 409, 413, 415, ...CHANGE],
    },
  },
} as const satisfies Operations;
