import {
  Network,
  NetworkChange,
  NetworkList,
  NetworkRequest,
  NetworkStats,
  Vrf,
  Reservation,
  ReservationList,
  ReservationRequest,
} from '../networks.ts';
import { ACTOR, CHANGE, type Operations, path, query, VRF_QUERY } from './operation.ts';

const network = path('network', 'its id, name, or CIDR (with %2F)');
const flag = { type: 'boolean' } as const;

/** The doors of networks and their reservations. */
export const NETWORK_OPERATIONS = {
  '/api/v1/networks': {
    get: {
      summary: 'All networks',
      parameters: [query('vrf', 'only those of this VRF', Vrf)],
      answers: { 200: NetworkList },
      lines: Network,
      errors: [400, 503],
    },
    post: {
      summary: 'Add a network',
      parameters: [ACTOR],
      body: NetworkRequest,
      answers: { 201: Network },
      errors: [400, 409, 413, 415, ...CHANGE],
    },
  },
  '/api/v1/networks/{network}': {
    get: {
      summary: 'A network',
      parameters: [network, VRF_QUERY],
      answers: { 200: Network },
      errors: [400, 404, 409, 503],
    },
    patch: {
      summary: 'Change what is given; refused when live allocations would be left outside',
      parameters: [network, VRF_QUERY, ACTOR],
      body: NetworkChange,
      answers: { 200: Network },
      errors: [400, 404, 409, 413, 415, ...CHANGE],
    },
    delete: {
      summary: 'Remove a network without allocations; with force a drained one, and its allocations',
      parameters: [network, query('force', 'release what is allocated', flag), VRF_QUERY, ACTOR],
      answers: { 204: null },
      errors: [400, 404, 409, ...CHANGE],
    },
  },
  '/api/v1/networks/{network}/stats': {
    get: {
      summary: 'How full a network is',
      parameters: [network, query('free_ranges', 'list what is free, as ranges', flag), VRF_QUERY],
      answers: { 200: NetworkStats },
      errors: [400, 404, 409, 503],
    },
  },
  '/api/v1/networks/{network}/reservations': {
    get: {
      summary: 'All reservations',
      parameters: [network, VRF_QUERY],
      answers: { 200: ReservationList },
      lines: Reservation,
      errors: [400, 404, 409, 503],
    },
    post: {
      summary: 'Reserve addresses, for one owner or for nobody',
      parameters: [network, VRF_QUERY, ACTOR],
      body: ReservationRequest,
      answers: { 201: Reservation },
      errors: [400, 404, 409, 413, 415, ...CHANGE],
    },
  },
  '/api/v1/networks/{network}/reservations/{reservation}': {
    delete: {
      summary: 'End a reservation',
      parameters: [network, path('reservation', 'its id'), VRF_QUERY, ACTOR],
      answers: { 204: null },
      errors: [400, 404, 409, ...CHANGE],
    },
  },
} as const satisfies Operations;
