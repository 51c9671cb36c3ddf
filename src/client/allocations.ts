import type {
  AllocationChange,
  AllocationRequest,
  BulkResponse,
  BulkRequest,
  NetworkAllocation,
  RenewRequest,
} from '../api/allocations.ts';
import type { Query, Transport } from './transport.ts';

const PATH = '/api/v1/allocations';
/** Allocations of one page; the server allows 10,000. */
const PAGE = 1000;

/** All members that are present must match. */
export interface AllocationFilter {
  /** Id, name or CIDR. */
  readonly network?: string | undefined;
  readonly vrf?: string | undefined;
  readonly vm_id?: string | undefined;
  readonly vm_id_prefix?: string | undefined;
  readonly ip?: string | undefined;
  /** Addresses within. */
  readonly cidr?: string | undefined;
  readonly hostname?: string | undefined;
  readonly mac?: string | undefined;
  readonly tag?: string | undefined;
  readonly status?: 'allocated' | 'released' | 'expired' | 'all' | undefined;
  /** Also released and expired allocations. */
  readonly all?: boolean | undefined;
}

/** A repeated request with the same key gets the same response; for requests without a vm_id. */
export interface Repeatable {
  readonly idempotencyKey?: string | undefined;
}

/** Allocations in any network. */
export class AllocationsClient {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** One address, or one contiguous range of them: what the plain request asks for. */
  create(request: AllocationRequest & SingleResponse, options?: Repeatable): Promise<NetworkAllocation>;
  /** A list: one for each of `networks`, or addresses that need not follow each other. */
  create(request: AllocationRequest, options?: Repeatable): Promise<NetworkAllocation | NetworkAllocation[]>;
  create(
    request: AllocationRequest,
    { idempotencyKey }: Repeatable = {},
  ): Promise<NetworkAllocation | NetworkAllocation[]> {
    const headers = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
    return this.#transport.json('POST', PATH, { body: request, headers });
  }

  /**
   * All that match, in the order of addresses, a page at a time: take all the time you need for each. What changes meanwhile
   * may or may not be in it.
   */
  async *list(filter: AllocationFilter = {}, { pageSize = PAGE } = {}): AsyncGenerator<NetworkAllocation, void> {
    const query = { ...queryOf(filter), limit: pageSize };
    for await (const page of this.#transport.pages(PATH, query)) yield* page as NetworkAllocation[];
  }

  /**
   * The same in one answer, as fast as it is read: for many. Whoever reads nothing for half a minute is cut off.
   *
   * @throws Unreachable also when the answer is broken off: what was yielded is not all then
   */
  async *stream(filter: AllocationFilter = {}): AsyncGenerator<NetworkAllocation, void> {
    for await (const some of this.#transport.lines(PATH, queryOf(filter))) yield* some as NetworkAllocation[];
  }

  get(id: string): Promise<NetworkAllocation> {
    return this.#transport.json('GET', pathOf(id));
  }

  update(id: string, change: AllocationChange): Promise<NetworkAllocation> {
    return this.#transport.json('PATCH', pathOf(id), { body: change });
  }

  release(id: string): Promise<void> {
    return this.#transport.json('POST', `${pathOf(id)}/release`);
  }

  /** As long as before, from now, or for a time that is named. */
  renew(id: string, request?: RenewRequest): Promise<NetworkAllocation> {
    return this.#transport.json('POST', `${pathOf(id)}/renew`, request === undefined ? {} : { body: request });
  }

  /** Up to 10,000 requests with an outcome each; `atomic`: all or none. */
  bulk(request: BulkRequest, { idempotencyKey }: Repeatable = {}): Promise<BulkResponse> {
    const headers = idempotencyKey === undefined ? {} : { 'Idempotency-Key': idempotencyKey };
    return this.#transport.json('POST', `${PATH}/bulk`, { body: request, headers });
  }
}

interface SingleResponse {
  readonly contiguous?: true | null;
  readonly networks?: null;
}

function queryOf({ all, ...rest }: AllocationFilter): Query {
  return { ...rest, all: all === true ? true : undefined };
}

function pathOf(id: string): string {
  return `${PATH}/${encodeURIComponent(id)}`;
}
