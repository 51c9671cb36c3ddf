import type { ClientDuplexStream } from '@grpc/grpc-js';
import { Endpoint, type Tls } from './endpoint.ts';
import { EtcdError } from './failure.ts';
import type {
  AlarmResponse,
  AlarmType,
  CompactionRequest,
  DeleteRangeRequest,
  DeleteRangeResponse,
  LeaseGrantResponse,
  LeaseKeepAliveResponse,
  MemberAddResponse,
  MembersResponse,
  PutRequest,
  RangeRequest,
  RangeResponse,
  StatusResponse,
  TxnRequest,
  TxnResponse,
  WatchRequest,
  WatchResponse,
  Written,
} from './messages.ts';

export interface ClientOptions {
  /** http://host:port each; one that fails is left for the next. */
  readonly endpoints: readonly string[];
  readonly tls?: Tls | undefined;
  /** Milliseconds for one attempt of one call. */
  readonly timeoutMs?: number;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

const TIMEOUT_MS = 1000;
/** Defragmenting rewrites the database, and answers nothing else meanwhile. */
const DEFRAGMENT_MS = 120_000;

export type WatchStream = ClientDuplexStream<WatchRequest, WatchResponse>;

/**
 * Calls of etcd, at the one of several endpoints that answered last. An endpoint that fails is left for the next. Reads are
 * asked again there, once at every endpoint; what writes is never sent twice: after an error that is no refusal
 * ({@link EtcdError.isRefusal}) nobody knows whether it was carried out, or still will be.
 */
export class EtcdClient {
  readonly #endpoints: readonly Endpoint[];
  readonly #timeoutMs: number;
  #current = 0;

  constructor({ endpoints, tls, timeoutMs = TIMEOUT_MS, now }: ClientOptions) {
    if (endpoints.length === 0) throw new Error('etcd needs an endpoint');
    this.#endpoints = endpoints.map((url) => new Endpoint(url, tls, now));
    this.#timeoutMs = timeoutMs;
  }

  get endpoints(): readonly string[] {
    return this.#endpoints.map(({ url }) => url);
  }

  /** Linearizable, unless it says otherwise. */
  range(request: RangeRequest): Promise<RangeResponse> {
    return this.#read('KV', 'Range', request);
  }

  put(request: PutRequest): Promise<Written> {
    return this.#write('KV', 'Put', request);
  }

  deleteRange(request: DeleteRangeRequest): Promise<DeleteRangeResponse> {
    return this.#write('KV', 'DeleteRange', request);
  }

  txn(request: TxnRequest): Promise<TxnResponse> {
    return this.#write('KV', 'Txn', request);
  }

  compact(request: CompactionRequest): Promise<Written> {
    return this.#write('KV', 'Compact', request);
  }

  /** A stream at the current endpoint; `leave` moves away from it when it fails or falls silent. */
  watch(): { readonly stream: WatchStream; readonly leave: () => void } {
    const endpoint = this.#endpoint();
    return { stream: endpoint.stream('Watch', 'Watch'), leave: () => this.#leave(endpoint) };
  }

  grantLease(seconds: number): Promise<LeaseGrantResponse> {
    return this.#write('Lease', 'LeaseGrant', { TTL: seconds });
  }

  revokeLease(id: string): Promise<Written> {
    return this.#write('Lease', 'LeaseRevoke', { ID: id });
  }

  /** Lets a lease begin anew. @returns how many seconds it has; 0: it is gone */
  keepLease(id: string): Promise<number> {
    const endpoint = this.#endpoint();
    return new Promise((resolve, reject) => {
      const stream = endpoint.stream<object, LeaseKeepAliveResponse>('Lease', 'LeaseKeepAlive');
      let isAnswered = false;
      const failed = (error: Error) => {
        if (isAnswered) return; // cancelling is an error too
        clearTimeout(timer);
        stream.cancel();
        this.#leave(endpoint);
        reject(EtcdError.of(error, endpoint.url));
      };
      const timer = setTimeout(() => failed(new Error('no answer')), this.#timeoutMs);
      stream.on('error', failed);
      stream.on('data', ({ TTL }: LeaseKeepAliveResponse) => {
        clearTimeout(timer);
        isAnswered = true;
        stream.cancel();
        resolve(Number(TTL));
      });
      stream.write({ ID: id });
    });
  }

  members({ linearizable = true } = {}): Promise<MembersResponse> {
    return this.#read('Cluster', 'MemberList', { linearizable });
  }

  /** A learner takes part in nothing until it is promoted. */
  addMember(peerUrls: readonly string[], isLearner: boolean): Promise<MemberAddResponse> {
    return this.#write('Cluster', 'MemberAdd', { peerURLs: peerUrls, isLearner });
  }

  removeMember(id: string): Promise<MembersResponse> {
    return this.#write('Cluster', 'MemberRemove', { ID: id });
  }

  promoteMember(id: string): Promise<MembersResponse> {
    return this.#write('Cluster', 'MemberPromote', { ID: id });
  }

  /** How the member at an endpoint is; it speaks for itself, so it has to be named. */
  status(url: string): Promise<StatusResponse> {
    return this.#at(url, (endpoint) => endpoint.call('Maintenance', 'Status', {}, this.#timeoutMs));
  }

  alarms(): Promise<AlarmResponse> {
    return this.#read('Maintenance', 'Alarm', { action: 'GET', alarm: 'NONE' });
  }

  disarm(memberId: string, alarm: AlarmType): Promise<AlarmResponse> {
    return this.#write('Maintenance', 'Alarm', { action: 'DEACTIVATE', memberID: memberId, alarm });
  }

  /** Gives the room of what was deleted back. The member answers nobody meanwhile. */
  defragment(url: string): Promise<Written> {
    return this.#at(url, (endpoint) => endpoint.call('Maintenance', 'Defragment', {}, DEFRAGMENT_MS));
  }

  close(): void {
    for (const endpoint of this.#endpoints) endpoint.close();
  }

  async #read<Response>(service: string, method: string, request: object): Promise<Response> {
    for (let left = this.#endpoints.length; ; left--) {
      try {
        return await this.#write<Response>(service, method, request);
      } catch (error) {
        if (left <= 1 || !(error instanceof EtcdError) || error.isRefusal) throw error;
      }
    }
  }

  async #write<Response>(service: string, method: string, request: object): Promise<Response> {
    const endpoint = this.#endpoint();
    try {
      return await endpoint.call<Response>(service, method, request, this.#timeoutMs);
    } catch (error) {
      if (error instanceof EtcdError && !error.isRefusal && !error.isFull) this.#leave(endpoint);
      throw error;
    }
  }

  async #at<Response>(url: string, call: (endpoint: Endpoint) => Promise<Response>): Promise<Response> {
    const own = this.#endpoints.find((endpoint) => endpoint.url === url);
    if (!own) throw new Error(`${url} is none of the endpoints ${this.endpoints.join(', ')}`);
    return call(own);
  }

  #endpoint(): Endpoint {
    const endpoint = this.#endpoints[this.#current];
    if (!endpoint) throw new Error('etcd needs an endpoint');
    return endpoint;
  }

  /** Goes on to the next, unless somebody else has left it already. */
  #leave(endpoint: Endpoint): void {
    if (this.#endpoint() === endpoint) this.#current = (this.#current + 1) % this.#endpoints.length;
  }
}
