import type { Bytes } from './raw.ts';

// Requests as raw bytes, without corrections. Each closes its connection.

export const HOST = 'Host: 127.0.0.1\r\nConnection: close\r\n';

/** A request without a body. Each additional header ends with a line break. */
export const call = (method: string, path: string, headers = '') =>
  `${method} ${path} HTTP/1.1\r\n${HOST}${headers}\r\n`;

export const post = (headers: string) => call('POST', '/api/v1/ip/allocate', headers);

/** Allocates with this body and its Content-Length. */
export function allocate(body: Bytes, headers = ''): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body) : body;
  return Buffer.concat([Buffer.from(post(`${headers}Content-Length: ${bytes.length}\r\n`)), bytes]);
}

/** The same request with its body in one chunk and no Content-Length: a server parses it on a different path. */
export function inChunks(request: Buffer): Buffer {
  const end = request.indexOf('\r\n\r\n') + 4;
  const head = request.toString('latin1', 0, end).replace(/Content-Length: \d+/, 'Transfer-Encoding: chunked');
  const body = request.subarray(end);
  const chunk = body.length === 0 ? [] : [Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from('\r\n')];
  return Buffer.concat([Buffer.from(head, 'latin1'), ...chunk, Buffer.from('0\r\n\r\n')]);
}

/** A request with a JSON body in ASCII. */
export const send = (method: string, path: string, json: string, headers = '') =>
  `${call(method, path, `${headers}Content-Type: application/json\r\nContent-Length: ${json.length}\r\n`)}${json}`;

/** Bytes to send, and the expected refusal: status, code, and the field that it names. */
export type Row = readonly [name: string, bytes: Bytes, status: number, code: string, field?: string];
