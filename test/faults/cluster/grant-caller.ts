import { parseAddress } from '../../../src/net/address.ts';
import { REFUSED } from './caller.ts';
import type { Asked, Grant, GrantRecorder, Tenure, Told } from './grants.ts';
import { Http, NoResponse, NotSent } from './http.ts';
import type { Node } from './node.ts';

/** One part of a request. */
export interface Part {
  readonly network: string;
  readonly vm_id: string;
  readonly count?: number;
  /** Seconds. */
  readonly ttl?: number;
  readonly ip?: string;
}

interface Allocation {
  readonly id: string;
  readonly ip: string;
  readonly end_ip?: string;
  readonly vm_id: string;
  readonly status: string;
  readonly allocated_at: string;
  readonly expires_at: string | null;
  readonly released_at: string | null;
}

interface Outcome {
  readonly status: number;
  readonly allocation?: Allocation;
  readonly error?: { readonly code: string };
}

const PATH = '/api/v1/allocations';

export const holderOf = ({ network, vm_id }: Pick<Part, 'network' | 'vm_id'>): string => `${vm_id} in ${network}`;

/** Requests leases, ranges, and several addresses at once from nodes, and records every attempt. */
export class GrantCaller {
  readonly #http = new Http();
  readonly #recorder: GrantRecorder;

  constructor(recorder: GrantRecorder) {
    this.#recorder = recorder;
  }

  async addNetwork(node: Node, name: string, cidr: string): Promise<void> {
    // With the strategy "lowest", every node would allocate the same address next.
    const shape = { name, cidr, gateway: null, strategy: 'lowest' };
    const { status, body } = await this.#http.ask(node.url, 'POST', '/api/v1/networks', shape);
    if (status !== 201) throw new Error(`no network ${name}: ${JSON.stringify(body)}`);
  }

  one(node: Node, part: Part): Promise<readonly Told[]> {
    return this.#allocate(node, [part], false, PATH, part, (body) => [body as Allocation]);
  }

  /** The same in several networks: in all of them or in none. */
  dual(node: Node, networks: readonly string[], part: Omit<Part, 'network'>): Promise<readonly Told[]> {
    const parts = networks.map((network) => ({ ...part, network }));
    return this.#allocate(node, parts, true, PATH, { ...part, networks }, (body) => body as Allocation[]);
  }

  bulk(node: Node, requests: readonly Part[], atomic: boolean): Promise<readonly Told[]> {
    return this.#allocate(node, requests, atomic, `${PATH}/bulk`, { requests, atomic }, (body) =>
      (body as { results: Outcome[] }).results.map(({ allocation, error, status }) =>
        allocation ? allocation : { status, code: error?.code ?? '' },
      ),
    );
  }

  renew(node: Node, part: Part, { id }: Grant): Promise<Told> {
    return this.#one(node, part, 'renew', 'POST', `${PATH}/${id}/renew`, { ttl: part.ttl });
  }

  /** Returns what it released, which the response does not contain. */
  release(node: Node, part: Part, grant: Grant): Promise<Told> {
    return this.#one(node, part, 'release', 'POST', `${PATH}/${grant.id}/release`, undefined, grant);
  }

  lookup(node: Node, part: Part, { id }: Grant): Promise<Told> {
    return this.#one(node, part, 'lookup', 'GET', `${PATH}/${id}`);
  }

  /** Records everything that a node reports about networks, after it has caught up. */
  async tell(node: Node, networks: readonly string[]): Promise<void> {
    await this.#recorder.tell(node.name, async () => {
      const tenures: Tenure[] = [];
      await this.#http.ask(node.url, 'GET', '/api/v1/ip/nobody'); // waits until it has caught up
      for (const network of networks) {
        await this.#http.ask(node.url, 'GET', `/api/v1/networks/${network}/stats`); // expired leases are recorded
        const { status, body } = await this.#http.ask(node.url, 'GET', `${PATH}?network=${network}&status=all`);
        if (status !== 200) throw new Error(`${node.name} lists nothing: ${JSON.stringify(body)}`);
        tenures.push(...(body as Allocation[]).map((allocation) => tenureOf(network, allocation)));
      }
      return tenures;
    });
  }

  close(): void {
    this.#http.close();
  }

  #allocate(
    node: Node,
    parts: readonly Part[],
    isWhole: boolean,
    path: string,
    payload: object,
    read: (body: unknown) => readonly (Allocation | Failure)[],
  ): Promise<readonly Told[]> {
    const asked = parts.map((part): Asked => ({ holder: holderOf(part), network: part.network, verb: 'allocate' }));
    return this.#recorder.note(asked, { isWhole, where: node.name }, () =>
      this.#told(parts.length, node, 'POST', path, payload, read),
    );
  }

  async #one(
    node: Node,
    part: Part,
    verb: Asked['verb'],
    method: string,
    path: string,
    payload?: object,
    freed?: Grant,
  ): Promise<Told> {
    const asked = [{ holder: holderOf(part), network: part.network, verb }];
    const [told] = await this.#recorder.note(asked, { isWhole: false, where: node.name }, async () => {
      return this.#told(1, node, method, path, payload, (body) => [body as Allocation], freed);
    });
    return told!;
  }

  async #told(
    count: number,
    node: Node,
    method: string,
    path: string,
    payload: object | undefined,
    read: (body: unknown) => readonly (Allocation | Failure)[],
    freed?: Grant,
  ): Promise<readonly Told[]> {
    const all = (told: Told) => Array.from({ length: count }, () => told);
    try {
      const { status, body } = await this.#http.ask(node.url, method, path, payload);
      if (status >= 300) return all(failure({ status, code: (body as { code?: string }).code ?? '' }));
      if (status === 204) return all({ outcome: 'done', grant: freed });
      return read(body).map((each) => ('code' in each ? failure(each) : { outcome: 'done', grant: grantOf(each) }));
    } catch (error) {
      if (error instanceof NoResponse) return all({ outcome: 'unknown', grant: undefined });
      if (!(error instanceof NotSent)) throw error;
      return all({ outcome: 'refused', grant: undefined });
    }
  }
}

interface Failure {
  readonly status: number;
  readonly code: string;
}

function failure({ status, code }: Failure): Told {
  if (code === 'allocation_not_found') return { outcome: 'done', grant: undefined };
  const isRefused = REFUSED.has(code) || code === 'pool_exhausted' || status < 500;
  return { outcome: isRefused ? 'refused' : 'unknown', grant: undefined };
}

/** The current allocation; nothing when it has ended. */
function grantOf(allocation: Allocation): Grant | undefined {
  return allocation.status === 'allocated' ? placeOf(allocation) : undefined;
}

function placeOf({ id, ip, end_ip = ip, expires_at }: Allocation): Grant {
  const [first, last] = [parseAddress(ip)!.value, parseAddress(end_ip)!.value];
  return { id, first, last, expires: expires_at === null ? Infinity : Date.parse(expires_at) };
}

function tenureOf(network: string, allocation: Allocation): Tenure {
  const { vm_id, status, allocated_at, released_at } = allocation;
  return {
    holder: holderOf({ network, vm_id }),
    network,
    grant: placeOf(allocation),
    from: Date.parse(allocated_at),
    until: released_at === null ? Infinity : Date.parse(released_at),
    hasExpired: status === 'expired',
  };
}
