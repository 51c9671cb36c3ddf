import { AllocateRequest, Allocation, AllocationList, DualAllocation, Released, Stats, VmId } from '../schema.ts';
import { ACTOR, CHANGE, NETWORK_QUERY, VRF_QUERY, type Operations, PAGE, path, query } from './operation.ts';

const vmId = path('vm_id', 'the VM', VmId);

/** The doors of the sidecar. */
export const IP_OPERATIONS = {
  '/api/v1/ip/allocate': {
    post: {
      summary: 'Give a VM an address; 200 when it holds one already, with the same address',
      parameters: [NETWORK_QUERY, VRF_QUERY, ACTOR],
      body: AllocateRequest,
      answers: { 200: { anyOf: [DualAllocation, Allocation] }, 201: { anyOf: [DualAllocation, Allocation] } },
      errors: [400, 404, 409, 413, 415, ...CHANGE],
    },
  },
  '/api/v1/ip/release/{vm_id}': {
    delete: {
      summary: 'Take the address of a VM back',
      parameters: [
        vmId,
        query('ip', 'release only if this is still the address of the VM'),
        NETWORK_QUERY,
        VRF_QUERY,
        ACTOR,
      ],
      answers: { 200: Released },
      errors: [400, 404, 409, ...CHANGE],
    },
  },
  '/api/v1/ip/release-by-ip/{ip}': {
    delete: {
      summary: 'Take an address back from whoever holds it',
      parameters: [
        path('ip', 'the address'),
        query('network', 'refuse it when it is not of this network'),
        VRF_QUERY,
        ACTOR,
      ],
      answers: { 200: Released },
      errors: [400, 404, 409, ...CHANGE],
    },
  },
  '/api/v1/ip/allocations': {
    get: {
      summary: 'All allocations in the order of their addresses; the next page is in the Link header',
      parameters: [
        ...PAGE,
        query('vm_id_prefix', 'only VMs whose id begins so'),
        query('ip', 'only this address'),
        NETWORK_QUERY,
        VRF_QUERY,
      ],
      answers: { 200: AllocationList },
      lines: Allocation,
      errors: [400, 404, 409, 503],
    },
  },
  '/api/v1/ip/stats': {
    get: {
      summary: 'How full the pool is',
      parameters: [NETWORK_QUERY, VRF_QUERY],
      answers: { 200: Stats },
      errors: [400, 404, 409, 503],
    },
  },
  '/api/v1/ip/{vm_id}': {
    get: {
      summary: 'The address of a VM',
      parameters: [vmId, NETWORK_QUERY, VRF_QUERY],
      answers: { 200: Allocation },
      errors: [400, 404, 409, 503],
    },
  },
} as const satisfies Operations;
