import { type ChannelCredentials, Client, type ClientDuplexStream, credentials, Metadata } from '@grpc/grpc-js';
import type { MethodDefinition, ServiceDefinition } from '@grpc/proto-loader';
import { EtcdError } from './failure.ts';
import { definition } from './proto.ts';

/** What proves to etcd who we are, and to us that it is etcd; PEM. */
export interface Tls {
  /** Absent: the authorities that the system trusts. */
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

const PACKAGE = definition();

/** Time and again etcd ends connections that ask more often than every 5 s whether it lives. */
const KEEPALIVE_MS = 6000;
const OPTIONS = {
  'grpc.keepalive_time_ms': KEEPALIVE_MS,
  'grpc.keepalive_timeout_ms': 2000,
  'grpc.keepalive_permit_without_calls': 0,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.min_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 1000,
  // A page of keys; what etcd itself accepts bounds what we send.
  'grpc.max_receive_message_length': -1,
  'grpc.max_send_message_length': -1,
  // As many bytes as may be on their way to us: a page of keys has some millions.
  'grpc-node.flow_control_window': 8 * 1024 * 1024,
  // What is sent again is for us to decide.
  'grpc.enable_retries': 0,
  'grpc.service_config_disable_resolution': 1,
  // A proxy of the environment is for the world outside.
  'grpc.enable_http_proxy': 0,
  // Channels with the same target and credentials would share one connection, and its fate.
  'grpc.use_local_subchannel_pool': 1,
};

/** One address where etcd answers. */
export class Endpoint {
  /** As it was configured. */
  readonly url: string;
  readonly #client: Client;
  readonly #now: () => number;

  /**
   * @param url http://host:port, https://host:port or host:port
   * @param now milliseconds since 1970
   */
  constructor(url: string, tls: Tls | undefined, now: () => number) {
    this.url = url;
    this.#now = now;
    const { protocol, host } = new URL(url.includes('://') ? url : `http://${url}`);
    this.#client = new Client(host, credentialsFor(protocol === 'https:', tls), OPTIONS);
  }

  /** One call, one attempt. @param timeoutMs after it nobody knows whether it was carried out */
  call<Response>(service: string, method: string, request: object, timeoutMs: number): Promise<Response> {
    const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<object, object>(
        path,
        requestSerialize,
        responseDeserialize,
        request,
        METADATA,
        { deadline: this.#now() + timeoutMs },
        (error, response) => {
          if (response && !error) resolve(response as Response);
          else reject(EtcdError.of(error ?? {}, this.url));
        },
      );
    });
  }

  /** A stream both ways; it ends with `error` or `end`, or by its `cancel`. */
  stream<Request, Response>(service: string, method: string): ClientDuplexStream<Request, Response> {
    const { path, requestSerialize, responseDeserialize } = methodOf(service, method);
    const stream = this.#client.makeBidiStreamRequest(path, requestSerialize, responseDeserialize, LEADER);
    return stream as unknown as ClientDuplexStream<Request, Response>;
  }

  close(): void {
    this.#client.close();
  }
}

const METADATA = new Metadata();
/** A member that has lost its leader ends the stream instead of falling silent. */
const LEADER = new Metadata();
LEADER.set('hasleader', 'true');

function methodOf(service: string, method: string): MethodDefinition<object, object> {
  const methods = PACKAGE[`etcdserverpb.${service}`] as ServiceDefinition | undefined;
  const found = methods?.[method];
  if (!found) throw new Error(`etcd has no method ${service}.${method}`);
  return found;
}

function credentialsFor(isSecure: boolean, tls: Tls | undefined): ChannelCredentials {
  if (!isSecure && !tls) return credentials.createInsecure();
  return credentials.createSsl(tls?.ca ?? null, tls?.key ?? null, tls?.cert ?? null);
}
