import type { ClusterStatus, NodeRequest } from '../api/cluster.ts';
import type { Transport } from './transport.ts';

/** Who keeps the data of a cluster. A service that is alone answers `route_not_found`. */
export class ClusterClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  status(): Promise<ClusterStatus> {
    return this.#transport.json('GET', '/api/v1/cluster/status');
  }

  /** It takes part when it has started and caught up. */
  async add(node: NodeRequest['node_id'], addr: string): Promise<void> {
    await this.#transport.json('POST', '/api/v1/cluster/nodes', { body: { node_id: node, addr } });
  }

  async remove(node: NodeRequest['node_id']): Promise<void> {
    await this.#transport.json('DELETE', `/api/v1/cluster/nodes/${encodeURIComponent(node)}`);
  }
}
