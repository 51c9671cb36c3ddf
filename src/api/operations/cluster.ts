import { ClusterStatus, NodeRequest } from '../cluster.ts';
import { ACTOR, type Operations, path } from './operation.ts';

/** The doors of a cluster. Where there is none they answer 404. */
export const CLUSTER_OPERATIONS = {
  '/api/v1/cluster/status': {
    get: {
      summary: 'Who keeps the data of the cluster, and how each of them is',
      answers: { 200: ClusterStatus },
      errors: [400, 404, 503],
    },
  },
  '/api/v1/cluster/nodes': {
    post: {
      summary: 'Add a member: it gets its vote when it has started and caught up',
      parameters: [ACTOR],
      body: NodeRequest,
      answers: { 204: null },
      errors: [400, 404, 409, 413, 415, 403, 503],
    },
  },
  '/api/v1/cluster/nodes/{node}': {
    delete: {
      summary: 'Remove a member, and let nothing count any more that its node writes',
      parameters: [path('node', 'its node_id; or the id or address of its member'), ACTOR],
      answers: { 204: null },
      errors: [400, 404, 409, 403, 503],
    },
  },
} as const satisfies Operations;
