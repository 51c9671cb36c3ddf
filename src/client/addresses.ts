import type { AllocateRequest, Allocation, Released, Stats } from '../api/schema.ts';
import type { Transport } from './transport.ts';

const PATH = '/api/v1/ip';

/** Where an address is looked for: the network `default` unless another is named by id, name or CIDR. */
export interface InNetwork {
  readonly network?: string | undefined;
}

/** One address for a VM, as a lifecycle hook asks for it. */
export class Addresses {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** The same answer again for the same VM. */
  allocate(request: AllocateRequest, { network }: InNetwork = {}): Promise<Allocation> {
    return this.#transport.json('POST', `${PATH}/allocate`, { body: request, query: { network } });
  }

  get(vmId: string, { network }: InNetwork = {}): Promise<Allocation> {
    return this.#transport.json('GET', `${PATH}/${encodeURIComponent(vmId)}`, { query: { network } });
  }

  /** @param options.ip releases only when it is still the VM's address */
  release(vmId: string, { network, ip }: InNetwork & { readonly ip?: string | undefined } = {}): Promise<Released> {
    return this.#transport.json('DELETE', `${PATH}/release/${encodeURIComponent(vmId)}`, { query: { network, ip } });
  }

  releaseByIp(ip: string, { network }: InNetwork = {}): Promise<Released> {
    return this.#transport.json('DELETE', `${PATH}/release-by-ip/${encodeURIComponent(ip)}`, { query: { network } });
  }

  stats({ network }: InNetwork = {}): Promise<Stats> {
    return this.#transport.json('GET', `${PATH}/stats`, { query: { network } });
  }
}
