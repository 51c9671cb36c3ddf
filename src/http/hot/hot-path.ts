import type { IncomingHttpHeaders, IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { BODY_LIMIT } from '../../api/limits.ts';
import { AllocateRequest, ROUTE_WORDS } from '../../api/schema.ts';
import { checker } from '../../api/validate.ts';
import { DEFAULT_NETWORK_ID } from '../../service/networks.ts';
import type { AppOptions } from '../app-options.ts';
import { logFailure } from '../error-handler.ts';
import { errorBody, errorHead, toPoolError } from '../errors.ts';
import { HookCalls, parseVmId, type Reply } from '../hook-calls.ts';
import { checkedBody } from '../json.ts';
import { foreignRefusal } from '../origin.ts';
import { REQUEST_ID_HEADER, RequestIds } from '../request-id.ts';
import { REVISION_HEADER, revisionHeaders } from '../revision.ts';
import { anonymous } from '../scope.ts';
import { readBody } from './body.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => unknown;
type Call = (request: IncomingMessage, requestId: string) => Promise<Reply>;

const PREFIX = '/api/v1/ip/';
const RELEASE = `${PREFIX}release/`;
const VM = /^[\w.:@-]{1,128}$/;
const WORDS: ReadonlySet<string> = new Set(ROUTE_WORDS);
const JSON_TYPES: ReadonlySet<string | undefined> = new Set([
  undefined,
  'application/json',
  'application/json; charset=utf-8',
]);

/**
 * A shortcut for the three calls that hooks make constantly: allocate, get and release by VM. It spares them Koa's
 * context, the search for a route and the general body parser, and responds with the same bytes. Requests that are
 * unusual in any way, or that the checks refuse, go to the regular path.
 *
 * @param regular the callback of the Koa application
 */
export function hotPath(options: AppOptions, regular: Handler): Handler {
  const { useCases, health, log, logRequests, revisions, allowedHosts, identify = anonymous } = options;
  if (logRequests) return regular;
  const ids = new RequestIds();
  const calls = new HookCalls(useCases);
  const checkAllocate = checker(AllocateRequest);
  const refuseForeign = foreignRefusal(allowedHosts);

  const allocate: Call = async (request, requestId) => {
    const body = checkedBody(await readBody(request, BODY_LIMIT), checkAllocate);
    return calls.allocate(identify(request, requestId), DEFAULT_NETWORK_ID, body);
  };
  const get: Call = async (request, requestId) => {
    const vmId = parseVmId((request.url ?? '').slice(PREFIX.length));
    return calls.get(identify(request, requestId), DEFAULT_NETWORK_ID, vmId);
  };
  const release: Call = async (request, requestId) => {
    const vmId = parseVmId((request.url ?? '').slice(RELEASE.length));
    return calls.release(identify(request, requestId), DEFAULT_NETWORK_ID, vmId);
  };

  const callOf = ({ method, url = '', headers }: IncomingMessage): Call | undefined => {
    if (method === 'POST') return url === `${PREFIX}allocate` && hasPlainBody(headers) ? allocate : undefined;
    if (hasBody(headers) || !url.startsWith(PREFIX)) return undefined;
    if (method === 'GET') return isVm(url.slice(PREFIX.length)) ? get : undefined;
    if (method === 'DELETE') return url.startsWith(RELEASE) && isVm(url.slice(RELEASE.length)) ? release : undefined;
    return undefined;
  };
  const isAdmitted = (request: IncomingMessage): boolean => {
    const { headers } = request;
    if (health.phase !== 'ready' || headers.host === undefined || headers.expect !== undefined) return false;
    if (revisions && REVISION_HEADER.toLowerCase() in headers) return false;
    try {
      refuseForeign(request);
      return true;
    } catch {
      return false; // the regular path refuses it again, and responds
    }
  };
  const handle = async (call: Call, request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const id = ids.of(request);
    // The order of the headers is that of the regular path.
    const headers: OutgoingHttpHeaders = { [REQUEST_ID_HEADER]: id };
    try {
      const { status, body } = await call(request, id);
      headers['Content-Type'] = JSON_TYPE;
      if (revisions) Object.assign(headers, revisionHeaders(revisions, request.method));
      send(response, status, headers, body);
    } catch (thrown) {
      const error = toPoolError(thrown);
      const head = errorHead(error, thrown);
      if (revisions) Object.assign(headers, revisionHeaders(revisions, request.method));
      Object.assign(headers, head.headers);
      headers['Content-Type'] = JSON_TYPE;
      send(response, head.status, headers, errorBody(error, head.status, id));
      logFailure(log, error, id);
    }
  };
  return (request, response) => {
    const call = callOf(request);
    return call && isAdmitted(request) ? handle(call, request, response) : regular(request, response);
  };
}

const JSON_TYPE = 'application/json; charset=utf-8';

function isVm(text: string): boolean {
  return VM.test(text) && !WORDS.has(text);
}

function hasBody(headers: IncomingHttpHeaders): boolean {
  return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined;
}

/** Whether the body has a length that is known and allowed, and is plain JSON, as that of nearly every hook. */
function hasPlainBody(headers: IncomingHttpHeaders): boolean {
  return (
    Number(headers['content-length']) <= BODY_LIMIT &&
    headers['transfer-encoding'] === undefined &&
    headers['content-encoding'] === undefined &&
    JSON_TYPES.has(headers['content-type'])
  );
}

function send(response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body: object): void {
  if (response.destroyed) return;
  const text = JSON.stringify(body);
  headers['Content-Length'] = Buffer.byteLength(text);
  response.writeHead(status, headers);
  // `end(text)` would add an empty chunk and with it a writev.
  response.cork();
  response.write(text);
  response.uncork();
  response.end();
}
