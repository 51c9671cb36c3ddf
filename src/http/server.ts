import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { PoolError } from '../errors.ts';
import { errorBody } from './errors.ts';
import { REQUEST_ID_HEADER, RequestIds } from './request-id.ts';
import { bindSocket } from './socket.ts';

/** A slow or silent client is cut off after these times, so that it cannot keep a connection, or the shutdown, waiting. */
const LIMITS = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
} as const;
const MAX_CONNECTIONS = 4096;
/** A client that neither sends nor reads for so long is cut off. */
const STALLED_MS = 30_000;
/** How long a shutdown waits for requests under way before it cuts them off; the whole of it takes 8 s at most. */
const DRAIN_MS = 6_000;

export interface RunningServer {
  readonly url: string;
  /** Stops accepting, lets requests under way finish, cuts off what is left after 6 s. */
  close(): Promise<void>;
}

/** Listens for HTTP/1.1 over TCP. Port 0 picks a free one. @throws PoolError `listen_failed` */
export async function listen(
  handler: Handler,
  host: string,
  port: number,
  stalledMs = STALLED_MS,
): Promise<RunningServer> {
  const server = serverOf(handler, stalledMs);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(cause, host, port)));
    server.listen(port, host, resolve);
  });
  return { url: urlOf(server.address() as AddressInfo), close: () => drain(server) };
}

/**
 * Listens for HTTP/1.1 on a Unix socket, which only its user and group may open. The file that a crash has left behind is
 * replaced; closing removes the file.
 *
 * @throws PoolError `listen_failed`
 */
export async function listenOnSocket(handler: Handler, path: string): Promise<RunningServer> {
  const server = serverOf(handler, STALLED_MS);
  await bindSocket(server, path);
  return { url: `unix:${path}`, close: () => drain(server) };
}

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;

function serverOf(handler: Handler, stalledMs: number): Server {
  const respond = (request: IncomingMessage, response: ServerResponse) => void handler(request, response);
  // The app refuses a missing Host and meets no expectations, so that every refusal has the same format.
  const server = createServer({ ...LIMITS, requireHostHeader: false }, respond);
  server.on('checkExpectation', respond);
  const ids = new RequestIds();
  server.on('connect', (_request, socket: Socket) => refuse(socket, ids.next(), 405, 'Method Not Allowed', noProxy()));
  server.maxConnections = MAX_CONNECTIONS;
  server.setTimeout(stalledMs);
  server.on('clientError', (cause: ParseError, socket: Socket) => refuseUnreadable(cause, socket, ids));
  return server;
}

type ParseError = Error & { readonly code?: string };

function drain(server: Server): Promise<void> {
  return new Promise((resolve) => {
    const cut = setTimeout(() => {
      server.closeAllConnections();
      resolve();
    }, DRAIN_MS);
    // Otherwise a connection that was busy at the close and is idle now is waited for until it times out.
    const idle = setInterval(() => server.closeIdleConnections(), 50);
    server.close(() => {
      clearTimeout(cut);
      clearInterval(idle);
      resolve();
    });
  });
}

/** Responds, in our error format, to what Node could not parse: it never reaches the app. */
function refuseUnreadable(cause: ParseError, socket: Socket, ids: RequestIds): void {
  if (cause.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  // After a well-formed request without a response yet: that response goes first, or this one is taken for it.
  const earlier = (socket as { _httpMessage?: ServerResponse | null })._httpMessage;
  if (earlier?.req.complete) {
    earlier.once('finish', () => refuseUnreadable(cause, socket, ids));
    return;
  }
  const [status, reason] = UNREADABLE[cause.code ?? ''] ?? [400, 'Bad Request'];
  refuse(
    socket,
    ids.next(),
    status,
    reason,
    new PoolError('invalid_request', `The request is not valid HTTP/1.1 (${cause.code ?? 'unknown'})`),
  );
}

function refuse(socket: Socket, id: string, status: number, reason: string, error: PoolError): void {
  const body = JSON.stringify(errorBody(error, status, id));
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID_HEADER}: ${id}`,
    'Connection: close',
    ...(status === 405 ? ['Allow: GET, HEAD, POST, DELETE'] : []),
  ];
  // Node has detached a CONNECT socket: nobody else listens to its errors, or closes it when the client does not.
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

const noProxy = () => new PoolError('method_not_allowed', 'CONNECT is not possible: this is not a proxy');

const UNREADABLE: Readonly<Record<string, readonly [number, string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}

const UNKNOWN_HOST = 'no address is known by that name: correct --host';
const LISTEN_REMEDIES: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there: stop it, or choose another --port',
  EACCES: 'ports below 1024 need privileges: choose another --port',
  EADDRNOTAVAIL: 'this machine has no such address: give --host one of its own, 127.0.0.1, or 0.0.0.0 for all',
  ENOTFOUND: UNKNOWN_HOST,
  EAI_AGAIN: UNKNOWN_HOST,
};

function listenError(cause: NodeJS.ErrnoException, host: string, port: number): PoolError {
  const remedy = LISTEN_REMEDIES[cause.code ?? ''] ?? cause.message;
  return new PoolError('listen_failed', `Cannot listen on ${host} port ${port}: ${remedy}`, { host, port }, cause);
}
