import { BULK_BODY_LIMIT } from '../limits.ts';
import {
  AllocationChange,
  AllocationRequest,
  BulkResponse,
  BulkRequest,
  NetworkAllocation,
  NetworkAllocationList,
  RenewRequest,
} from '../allocations.ts';
import { Vrf } from '../networks.ts';
import { ACTOR, CHANGE, header, type Operations, PAGE, path, query } from './operation.ts';

const id = path('id', 'of the allocation');
const key = header('Idempotency-Key', 'where there is no vm_id: asking again with it gives the same address');
const given = { anyOf: [NetworkAllocation, NetworkAllocationList] } as const;

/** The doors of allocations in any network. */
export const ALLOCATION_OPERATIONS = {
  '/api/v1/allocations': {
    get: {
      summary: 'Allocations in the order of their addresses, then those that have ended, the latest first',
      parameters: [
        ...PAGE,
        query('network_id', 'the id, name or CIDR of a network'),
        query('network', 'the same'),
        query('vrf', 'only those of this VRF', Vrf),
        query('vm_id', 'only those of this VM'),
        query('vm_id_prefix', 'only VMs whose id begins so'),
        query('ip', 'only the one of this address'),
        query('cidr', 'only addresses within'),
        query('hostname', 'only with this host name'),
        query('mac', 'only with this MAC address'),
        query('tag', 'only with this tag'),
        query('status', 'which of them', { enum: ['allocated', 'released', 'expired', 'all'] }),
        query('all', 'the same as status=all', { type: 'boolean' }),
      ],
      answers: { 200: NetworkAllocationList },
      lines: NetworkAllocation,
      errors: [400, 404, 409, 503],
    },
    post: {
      summary: 'Give an address, a range, a list, a prefix, or one address of each of several networks',
      parameters: [key, ACTOR],
      body: AllocationRequest,
      answers: { 200: given, 201: given },
      errors: [400, 404, 409, 413, 415, ...CHANGE],
    },
  },
  '/api/v1/allocations/bulk': {
    post: {
      summary: 'Up to 10,000 requests with an outcome each, or all or none',
      parameters: [key, ACTOR],
      body: BulkRequest,
      bodyLimit: BULK_BODY_LIMIT,
      answers: { 200: BulkResponse },
      errors: [400, 404, 409, 413, 415, ...CHANGE],
    },
  },
  '/api/v1/allocations/{id}': {
    get: {
      summary: 'An allocation, also one that has ended',
      parameters: [id],
      answers: { 200: NetworkAllocation },
      errors: [400, 404, 503],
    },
    patch: {
      summary: 'Change attributes; null clears one',
      parameters: [id, ACTOR],
      body: AllocationChange,
      answers: { 200: NetworkAllocation },
      errors: [400, 404, 413, 415, ...CHANGE],
    },
  },
  '/api/v1/allocations/{id}/release': {
    post: { summary: 'Take it back', parameters: [id, ACTOR], answers: { 204: null }, errors: [400, 404, ...CHANGE] },
  },
  '/api/v1/allocations/{id}/renew': {
    post: {
      summary: 'Let its time begin anew',
      parameters: [id, ACTOR],
      body: RenewRequest,
      isBodyOptional: true,
      answers: { 200: NetworkAllocation },
      errors: [400, 404, 413, 415, ...CHANGE],
    },
  },
} as const satisfies Operations;
