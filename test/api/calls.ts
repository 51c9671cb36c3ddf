import { AllocationIds } from '../../src/service/allocation-id.ts';
import type { PoolEvent } from '../../src/pool/events.ts';
import { NOW } from '../support/app.ts';

const allocationIdOf = (ip: string, allocated_at: number) =>
  new AllocationIds().ofDerived({ vrf: 'default', ip, allocated_at });

// A call for every status of every operation. Responses that all operations share are tested in responses.test.ts.

/** Operation, status, where (the path of the operation with {@link NAMES}, and what is added), body. */
export type Call = readonly [operation: string, status: number, where?: string, body?: object];

const id = allocationIdOf('10.0.0.2', NOW);

/** What stands for the parameters of a path. */
export const NAMES: Readonly<Record<string, string>> = {
  vm_id: 'vm-1',
  ip: '10.0.0.2',
  network: 'default',
  reservation: 'res-1',
  node: '2',
  id,
};

const origin = { at: NOW, actor: 'test', request_id: 'start' };
const added = { type: 'network_added', excluded: [], strategy: 'lowest', ...origin } as const;

/** vm-1 has the only address of `default`, 10.0.0.2; `vms` has a few; `closed` is drained; `twin` is in two VRFs. */
export const STATE: readonly PoolEvent[] = [
  { type: 'ip_allocated', network: 'default', ip: '10.0.0.2', vm_id: 'vm-1', nic: '', ...origin },
  { ...added, network: 'net-1', cidr: '10.1.0.0/28', name: 'vms' },
  { ...added, network: 'net-2', cidr: '10.2.0.0/29', name: 'closed', drain: true },
  { ...added, network: 'net-3', cidr: '10.9.0.0/29', name: 'twin' },
  { ...added, network: 'net-4', vrf: 'blue', cidr: '10.9.0.0/29', name: 'twin' },
  {
    type: 'reservation_added',
    network: 'default',
    reservation: 'res-1',
    range: '10.0.0.3',
    reason: 'tests',
    ...origin,
  },
];

const IP = '/api/v1/ip';
const NETWORKS = '/api/v1/networks';
const NETWORK = `${NETWORKS}/{network}`;
const RESERVATIONS = `${NETWORK}/reservations`;
const CLUSTER = '/api/v1/cluster';
const ALLOCATIONS = '/api/v1/allocations';
const ALLOCATION = `${ALLOCATIONS}/{id}`;

/** Of a service that is no node of a cluster. */
export const ALONE: readonly Call[] = [
  [`get ${CLUSTER}/status`, 404],
  [`post ${CLUSTER}/nodes`, 404, '', { node_id: 4, addr: 'node4:5004' }],
];

/** Of a service that runs, in this order. */
export const RUNNING: readonly Call[] = [
  ['get /api/v1/health', 200],
  ['get /api/v1/openapi.json', 200],
  ['get /livez', 200],
  ['get /readyz', 200],
  ['get /healthz', 200],

  [`post ${IP}/allocate`, 200, '', { vm_id: 'vm-1', hostname: 'web-1' }],
  [`post ${IP}/allocate`, 201, '', { vm_id: 'vm-2', networks: ['vms'] }],
  [`post ${IP}/allocate`, 201, '?network=vms', { vm_id: 'vm-3', hostname: 'web-3' }],
  [`post ${IP}/allocate`, 400, '', { vm_id: '' }],
  [`post ${IP}/allocate`, 404, '?network=nowhere', { vm_id: 'vm-1' }],
  [`post ${IP}/allocate`, 409, '?network=closed', { vm_id: 'vm-2' }],
  [`post ${IP}/allocate`, 503, '', { vm_id: 'vm-2' }],
  [`get ${IP}/{vm_id}`, 200],
  [`get ${IP}/{vm_id}`, 404, '?network=nowhere'],
  [`get ${IP}/{vm_id}`, 404, '?network=closed'],
  [`get ${IP}/allocations`, 200],
  [`get ${IP}/allocations`, 200, '?limit=1'],
  [`get ${IP}/allocations`, 400, '?limit=x'],
  [`get ${IP}/{vm_id}`, 409, '?network=twin'],
  [`get ${IP}/allocations`, 404, '?network=nowhere'],
  [`get ${IP}/allocations`, 409, '?network=twin'],
  [`get ${IP}/stats`, 200],
  [`get ${IP}/stats`, 404, '?network=nowhere'],
  [`get ${IP}/stats`, 409, '?network=twin'],

  [`get ${NETWORKS}`, 200],
  [`post ${NETWORKS}`, 201, '', { cidr: 'fd00::/64', name: 'six', tags: ['a'], ranges: ['fd00::10-fd00::ff'] }],
  [`post ${NETWORKS}`, 400, '', { cidr: '10.3.0.0/24', gateway: '10.4.0.1' }],
  [`post ${NETWORKS}`, 409, '', { cidr: '10.1.0.0/24' }],
  [`get ${NETWORK}`, 200],
  [`get ${NETWORK}`, 200, 'twin?vrf=blue'],
  [`get ${NETWORK}`, 404, 'nowhere'],
  [`get ${NETWORK}`, 409, 'twin'],
  [`patch ${NETWORK}`, 200, '', { description: 'of tests' }],
  [`patch ${NETWORK}`, 404, 'nowhere', {}],
  [`patch ${NETWORK}`, 409, '', { ranges: ['10.0.0.1'] }],
  [`delete ${NETWORK}`, 400, '?force=perhaps'],
  [`delete ${NETWORK}`, 404, 'nowhere'],
  [`delete ${NETWORK}`, 409],
  [`get ${NETWORK}/stats`, 200],
  [`get ${NETWORK}/stats`, 200, '?free_ranges=true'],
  [`get ${NETWORK}/stats`, 400, '?free_ranges=perhaps'],
  [`get ${NETWORK}/stats`, 404, 'nowhere'],
  [`get ${NETWORK}/stats`, 409, 'twin'],
  [`get ${RESERVATIONS}`, 200],
  [`get ${RESERVATIONS}`, 404, 'nowhere'],
  [`get ${RESERVATIONS}`, 409, 'twin'],
  [`post ${RESERVATIONS}`, 404, 'nowhere', { range: '10.0.0.3', reason: 'again' }],
  [`post ${RESERVATIONS}`, 409, '', { range: '10.0.0.3', reason: 'again' }],
  [`delete ${RESERVATIONS}/{reservation}`, 404, 'nothing'],
  [`delete ${RESERVATIONS}/{reservation}`, 409, 'twin res-1'],
  [`delete ${RESERVATIONS}/{reservation}`, 204],
  [`post ${RESERVATIONS}`, 201, '', { range: '10.0.0.3', reason: 'again' }],

  [`post ${ALLOCATIONS}`, 200, '', { network: 'default', vm_id: 'vm-1' }],
  [`post ${ALLOCATIONS}`, 201, '', { network: 'vms', vm_id: 'vm-4', mac: 'auto', tags: ['a'], ttl: 60 }],
  [`post ${ALLOCATIONS}`, 201, '', { network: 'vms', count: 2, contiguous: false }],
  [`post ${ALLOCATIONS}`, 201, '', { networks: ['vms', 'six'], vm_id: 'vm-5' }],
  [`post ${ALLOCATIONS}`, 201, '', { network: 'six', vm_id: 'vm-6', count: 3 }],
  [`post ${ALLOCATIONS}`, 400, '', { network: 'vms', mac: 'x' }],
  [`post ${ALLOCATIONS}`, 404, '', { network: 'nowhere' }],
  [`post ${ALLOCATIONS}`, 409, '', { network: 'default', vm_id: 'vm-9', ip: '10.0.0.2' }],
  [`post ${ALLOCATIONS}`, 503, '', { network: 'vms', count: 100 }],
  [`get ${ALLOCATIONS}`, 200],
  [`get ${ALLOCATIONS}`, 200, '?limit=2'],
  [`get ${ALLOCATIONS}`, 400, '?status=lost'],
  [`get ${ALLOCATIONS}`, 404, '?network=nowhere'],
  [`get ${ALLOCATIONS}`, 409, '?ip=10.9.0.1'],
  [
    `post ${ALLOCATIONS}/bulk`,
    200,
    '',
    { requests: [{ network: 'vms', vm_id: 'vm-8' }, { network: 'default', vm_id: 'vm-1' }, { network: 'nowhere' }] },
  ],
  [`post ${ALLOCATIONS}/bulk`, 400, '', { requests: [{ network: 'vms', vm_id: '' }] }],
  [`post ${ALLOCATIONS}/bulk`, 404, '', { requests: [{ network: 'nowhere' }], atomic: true }],
  [`post ${ALLOCATIONS}/bulk`, 409, '', { requests: [{ network: 'default', ip: '10.0.0.2' }], atomic: true }],
  [`get ${ALLOCATION}`, 200],
  [`get ${ALLOCATION}`, 404, 'nothing'],
  [`patch ${ALLOCATION}`, 200, '', { hostname: null, tags: ['a', 'b'] }],
  [`patch ${ALLOCATION}`, 404, 'nothing', {}],
  [`post ${ALLOCATION}/renew`, 200],
  [`post ${ALLOCATION}/renew`, 200, '', { ttl: 60 }],
  [`post ${ALLOCATION}/renew`, 400, '', { ttl: -1 }],
  [`post ${ALLOCATION}/renew`, 404, 'nothing', {}],

  [`get ${CLUSTER}/status`, 200],
  [`post ${CLUSTER}/nodes`, 204, '', { node_id: 4, addr: 'node4:5004' }],
  [`post ${CLUSTER}/nodes`, 409, '', { node_id: 4, addr: 'node4:5004' }],
  [`get ${CLUSTER}/status`, 200],
  [`delete ${CLUSTER}/nodes/{node}`, 404, '9'],
  [`delete ${CLUSTER}/nodes/{node}`, 204],
  [`delete ${CLUSTER}/nodes/{node}`, 409, '1'],

  ['post /api/v1/reconcile', 200, '', { live: ['vm-1', 'vm-2', 'vm-3', 'vm-4', 'vm-5', 'vm-6'] }],
  ['post /api/v1/reconcile', 404, '', { network: 'nowhere', live: ['vm-1'] }],
  ['post /api/v1/reconcile', 409, '', { live: [] }],
  ['post /api/v1/import', 200, '', { networks: [{ cidr: '10.5.0.0/24' }], allocations: [{ ip: '10.5.0.1' }] }],
  ['post /api/v1/import', 200, '?dry_run=true', { networks: [7], allocations: [{ ip: '10.0.0.2' }, {}] }],
  ['post /api/v1/import', 409, '', { allocations: [{ ip: '10.0.0.2' }, { ip: 'x' }] }],

  [`delete ${IP}/release/{vm_id}`, 404, 'vm-77'],
  [`delete ${IP}/release/{vm_id}`, 409, '?ip=10.0.0.9'],
  [`post ${ALLOCATION}/release`, 404, 'nothing'],
  [`post ${ALLOCATION}/release`, 204],
  [`get ${ALLOCATION}`, 200],
  [`post ${IP}/allocate`, 201, '', { vm_id: 'vm-1' }],
  [`delete ${IP}/release/{vm_id}`, 200],
  [`post ${IP}/allocate`, 201, '', { vm_id: 'vm-1' }],
  [`delete ${IP}/release-by-ip/{ip}`, 400, 'x'],
  [`delete ${IP}/release-by-ip/{ip}`, 404, '10.0.0.1'],
  [`delete ${IP}/release-by-ip/{ip}`, 409, '10.9.0.1'],
  [`delete ${IP}/release-by-ip/{ip}`, 200],
  [`delete ${NETWORK}`, 204, 'closed'],
  [`get ${ALLOCATIONS}`, 200, '?all=true'],
  ['get /api/v1/audit', 200],
  ['get /api/v1/audit', 200, '?limit=1'],
  ['get /api/v1/audit', 400, '?limit=0'],
  ['get /api/v1/audit', 409, '?resource=10.9.0.1'],
  ['get /api/v1/history', 200, '?ip=10.0.0.2'],
  ['get /api/v1/history', 200, '?vm_id=vm-6'],
  ['get /api/v1/history', 400, ''],
  ['get /api/v1/history', 409, '?ip=10.9.0.1'],
];

/** Of a service whose disk is full. */
export const FULL: readonly Call[] = [
  [`post ${IP}/allocate`, 507, '', { vm_id: 'vm-1', hostname: 'other' }],
  [`delete ${IP}/release/{vm_id}`, 507],
  [`delete ${IP}/release-by-ip/{ip}`, 507],
  [`post ${NETWORKS}`, 507, '', { cidr: '10.3.0.0/24' }],
  [`patch ${NETWORK}`, 507, '', { description: 'of tests' }],
  [`delete ${NETWORK}`, 507, 'vms'],
  [`post ${RESERVATIONS}`, 507, 'vms', { range: '10.1.0.3', reason: 'mine' }],
  [`delete ${RESERVATIONS}/{reservation}`, 507],
  [`post ${ALLOCATIONS}`, 507, '', { network: 'vms' }],
  [`post ${ALLOCATIONS}/bulk`, 507, '', { requests: [{ network: 'vms' }], atomic: true }],
  [`patch ${ALLOCATION}`, 507, '', { hostname: 'other' }],
  [`post ${ALLOCATION}/release`, 507],
  [`post ${ALLOCATION}/renew`, 507, '', { ttl: 60 }],
  ['post /api/v1/reconcile', 507, '', { live: ['vm-2'], force: true }],
  ['post /api/v1/import', 507, '', { networks: [{ cidr: '10.3.0.0/24' }] }],
];
