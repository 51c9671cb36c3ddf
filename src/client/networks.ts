import type {
  Network,
  NetworkChange,
  NetworkRequest,
  NetworkStats,
  Reservation,
  ReservationRequest,
} from '../api/networks.ts';
import type { Transport } from './transport.ts';

const PATH = '/api/v1/networks';

/** Networks, their reservations and how full they are. A network is named by its id, its name or its CIDR. */
export class NetworksClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  list(): Promise<Network[]> {
    return this.#transport.json('GET', PATH);
  }

  get(network: string): Promise<Network> {
    return this.#transport.json('GET', pathOf(network));
  }

  add(request: NetworkRequest): Promise<Network> {
    return this.#transport.json('POST', PATH, { body: request });
  }

  update(network: string, change: NetworkChange): Promise<Network> {
    return this.#transport.json('PATCH', pathOf(network), { body: change });
  }

  /** @param options.force with its allocations, when it is drained */
  remove(network: string, { force }: { readonly force?: boolean | undefined } = {}): Promise<void> {
    return this.#transport.json('DELETE', pathOf(network), { query: { force } });
  }

  stats(network: string, { freeRanges }: { readonly freeRanges?: boolean | undefined } = {}): Promise<NetworkStats> {
    return this.#transport.json('GET', `${pathOf(network)}/stats`, { query: { free_ranges: freeRanges } });
  }

  reservations(network: string): Promise<Reservation[]> {
    return this.#transport.json('GET', `${pathOf(network)}/reservations`);
  }

  reserve(network: string, request: ReservationRequest): Promise<Reservation> {
    return this.#transport.json('POST', `${pathOf(network)}/reservations`, { body: request });
  }

  unreserve(network: string, reservation: string): Promise<void> {
    return this.#transport.json('DELETE', `${pathOf(network)}/reservations/${encodeURIComponent(reservation)}`);
  }
}

function pathOf(network: string): string {
  return `${PATH}/${encodeURIComponent(network)}`;
}
