import type { CLUSTER_ENDPOINTS, EndpointId, NODE_ENDPOINTS } from '../../src/api/endpoints.ts';

// Requests to every endpoint that name what a limited scope may not see, and, for comparison, what it may see.

/** A request; its method is that of the endpoint, and `at` is the path below the version, or the whole path. */
export interface ScopedRequest {
  readonly at: string;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What the requests name. */
export interface Targets {
  /** Ids, names and CIDRs of hidden networks, of the visible one, and of none. */
  readonly networks: readonly string[];
  readonly addresses: readonly string[];
  readonly vms: readonly string[];
  /** Ids of allocations, past and present. */
  readonly allocations: readonly string[];
  readonly reservations: readonly string[];
  readonly macs: readonly string[];
  /** Ids of entries of the audit log, which are also positions in lists. */
  readonly records: readonly string[];
}

type Table = Readonly<
  Record<
    EndpointId<typeof NODE_ENDPOINTS> | EndpointId<typeof CLUSTER_ENDPOINTS>,
    (targets: Targets) => readonly ScopedRequest[]
  >
>;

const VRFS = [{}, { vrf: 'default' }, { vrf: 'blue' }] as const;
const e = encodeURIComponent;
const at = (path: string, query: Readonly<Record<string, string>> = {}): ScopedRequest => {
  const text = new URLSearchParams(query).toString();
  return { at: text === '' ? path : `${path}?${text}` };
};
const one = (path: string) => () => [at(path)];

/** A path for each network in each VRF. */
const inNetworks =
  (suffix = '', body?: object, query: Readonly<Record<string, string>> = {}) =>
  ({ networks }: Targets): ScopedRequest[] =>
    networks.flatMap((network) =>
      VRFS.map((vrf) => ({ ...at(`/networks/${e(network)}${suffix}`, { ...query, ...vrf }), ...(body && { body }) })),
    );

const ofAllocations =
  (suffix = '', body?: object) =>
  ({ allocations }: Targets): ScopedRequest[] =>
    allocations.map((id) => ({ at: `/allocations/${e(id)}${suffix}`, ...(body && { body }) }));

/** Every combination of filters that a list may have, one or two at a time. */
function lists(path: string, filters: Readonly<Record<string, readonly string[]>>): ScopedRequest[] {
  const each = Object.entries(filters).flatMap(([name, values]) => values.map((value) => ({ [name]: value })));
  return [{}, ...each].flatMap((filter) => VRFS.map((vrf) => at(path, { ...filter, ...vrf })));
}

export const SCOPED_REQUESTS: Table = {
  'POST /api/v1/ip/allocate': ({ networks, vms }) => [
    ...networks.flatMap((network) =>
      VRFS.map((vrf) => ({ ...at('/ip/allocate', { network, ...vrf }), body: { vm_id: 'new' } })),
    ),
    ...networks.map((network) => ({ at: '/ip/allocate', body: { vm_id: 'new', networks: ['default', network] } })),
    ...vms.map((vm_id) => ({ at: '/ip/allocate', body: { vm_id } })),
  ],
  'DELETE /api/v1/ip/release/{vm_id}': ({ networks, vms, addresses }) =>
    vms.flatMap((vm) => [
      at(`/ip/release/${vm}`),
      ...networks.map((network) => at(`/ip/release/${vm}`, { network, vrf: 'blue' })),
      ...networks.map((network) => at(`/ip/release/${vm}`, { network })),
      ...addresses.map((ip) => at(`/ip/release/${vm}`, { ip })),
    ]),
  'DELETE /api/v1/ip/release-by-ip/{ip}': ({ networks, addresses }) =>
    addresses.flatMap((ip) => [
      ...VRFS.map((vrf) => at(`/ip/release-by-ip/${ip}`, vrf)),
      ...networks.map((network) => at(`/ip/release-by-ip/${ip}`, { network })),
    ]),
  'GET /api/v1/ip/allocations': ({ networks, addresses, vms }) =>
    lists('/ip/allocations', { network: networks, ip: addresses, vm_id_prefix: vms, limit: ['1'] }),
  'GET /api/v1/ip/stats': ({ networks }) => lists('/ip/stats', { network: networks }),
  'GET /api/v1/ip/{vm_id}': ({ networks, vms }) => vms.flatMap((vm) => lists(`/ip/${vm}`, { network: networks })),

  'GET /api/v1/networks': () => lists('/networks', {}),
  'POST /api/v1/networks': () => [
    { at: '/networks', body: { cidr: '10.9.0.0/24', name: 'nine' } },
    { at: '/networks', body: { cidr: '10.1.0.0/24', vrf: 'green' } },
    { at: '/networks', body: { cidr: '10.1.0.0/25' } },
  ],
  'GET /api/v1/networks/{network}': inNetworks(),
  'PATCH /api/v1/networks/{network}': inNetworks('', { description: 'changed' }),
  'DELETE /api/v1/networks/{network}': (targets) => [
    ...inNetworks()(targets),
    ...inNetworks('', undefined, { force: 'true' })(targets),
  ],
  'GET /api/v1/networks/{network}/stats': (targets) => [
    ...inNetworks('/stats')(targets),
    ...inNetworks('/stats', undefined, { free_ranges: 'true' })(targets),
  ],
  'GET /api/v1/networks/{network}/reservations': inNetworks('/reservations'),
  'POST /api/v1/networks/{network}/reservations': (targets) => [
    ...inNetworks('/reservations', { range: '10.1.0.64-10.1.0.65', reason: 'kept' })(targets),
    ...inNetworks('/reservations', { range: '10.2.0.64-10.2.0.65', reason: 'kept' })(targets),
  ],
  'DELETE /api/v1/networks/{network}/reservations/{reservation}': (targets) =>
    targets.reservations.flatMap((id) =>
      targets.networks.map((network) => at(`/networks/${e(network)}/reservations/${id}`, { vrf: 'blue' })),
    ),

  'GET /api/v1/allocations': ({ networks, addresses, vms, macs, records }) =>
    ['allocated', 'released', 'all'].flatMap((status) =>
      lists('/allocations', {
        network: networks,
        ip: addresses,
        vm_id: vms,
        mac: macs,
        hostname: ['host-web'],
        tag: ['t'],
        cidr: ['10.0.0.0/8'],
        limit: ['1'],
        cursor: records,
      }).map(({ at: path }) => ({ at: `${path}${path.includes('?') ? '&' : '?'}status=${status}` })),
    ),
  'POST /api/v1/allocations': ({ networks, addresses, vms }) => [
    ...networks.flatMap((network) =>
      VRFS.map((vrf) => ({ at: '/allocations', body: { network, vm_id: 'new', ...vrf } })),
    ),
    ...addresses.map((ip) => ({ at: '/allocations', body: { network: 'default', vm_id: 'named', ip } })),
    ...vms.map((vm_id) => ({ at: '/allocations', body: { network: 'default', vm_id, mac: 'auto' } })),
    ...networks.map((network) => ({ at: '/allocations', body: { networks: ['default', network], vm_id: 'two' } })),
    ...networks.map((network) => ({ at: '/allocations', body: { network }, headers: { 'Idempotency-Key': 'key-1' } })),
  ],
  'POST /api/v1/allocations/bulk': ({ networks }) =>
    [true, false].map((atomic) => ({
      at: '/allocations/bulk',
      body: {
        atomic,
        requests: networks.flatMap((network) => VRFS.map((vrf) => ({ network, vm_id: 'bulk', ...vrf }))),
      },
    })),
  'GET /api/v1/allocations/{id}': ofAllocations(),
  'PATCH /api/v1/allocations/{id}': ofAllocations('', { description: 'changed' }),
  'POST /api/v1/allocations/{id}/renew': ofAllocations('/renew', { ttl: 60 }),
  'POST /api/v1/allocations/{id}/release': ofAllocations('/release', {}),

  'GET /api/v1/audit': ({ networks, addresses, records }) =>
    lists('/audit', {
      resource: [...networks, ...addresses],
      action: ['ip_allocated', 'network_added', 'network_deleted'],
      limit: ['1'],
      cursor: records,
    }),
  'GET /api/v1/history': ({ addresses, vms }) => [
    ...lists('/history', { ip: addresses, vm_id: vms }).filter(({ at: path }) => /ip=|vm_id=/.test(path)),
    ...addresses.flatMap((ip) => VRFS.map((vrf) => at('/history', { ip, at: '2026-01-02T03:04:20Z', ...vrf }))),
  ],
  'POST /api/v1/reconcile': ({ networks, vms }) => [
    ...networks.flatMap((network) => VRFS.map((vrf) => ({ at: '/reconcile', body: { network, live: vms, ...vrf } }))),
    ...[true, false].map((dry_run) => ({
      at: '/reconcile',
      body: { live: ['nobody'], dry_run, force: true, grace_seconds: 0 },
    })),
  ],

  'POST /api/v1/import': ({ networks, addresses }) => [
    ...networks.map((network) => ({ at: '/import', body: { allocations: [{ network, vm_id: 'imported' }] } })),
    ...addresses.flatMap((ip) =>
      VRFS.map((vrf) => ({ at: '/import?dry_run=true', body: { allocations: [{ ip, vm_id: 'imported', ...vrf }] } })),
    ),
    { at: '/import', body: { networks: [{ cidr: '10.1.0.0/24' }, { cidr: '10.8.0.0/24', name: 'eight' }] } },
  ],

  'GET /api/v1/health': one('/health'),
  'GET /api/v1/openapi.json': one('/openapi.json'),
  'GET /livez': one('/livez'),
  'GET /readyz': one('/readyz'),
  'GET /healthz': one('/healthz'),

  'GET /api/v1/cluster/status': one('/cluster/status'),
  'POST /api/v1/cluster/nodes': () => [
    { at: '/cluster/nodes', body: { node_id: 'node-1', addr: 'http://10.0.0.1:2380' } },
    { at: '/cluster/nodes', body: { node_id: 'node-9', addr: 'http://10.0.0.9:2380' } },
  ],
  'DELETE /api/v1/cluster/nodes/{node}': () => ['node-1', 'node-9'].map((node) => at(`/cluster/nodes/${node}`)),
};
