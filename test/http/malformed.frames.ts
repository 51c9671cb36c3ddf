import { deflateSync, gzipSync } from 'node:zlib';
import { allocate, call, HOST, post, type Row } from '../support/requests.ts';

// Must be refused. The server holds vm-1 with 172.16.0.2 and vm-2 with 172.16.0.3: whoever reads one of these leniently
// frees or gives an address.

const chunked = (body: string) => `${post('Transfer-Encoding: chunked\r\n')}${body}`;
const zipped = (bytes: Buffer, coding: string) => allocate(bytes, `Content-Encoding: ${coding}\r\n`);

const BOMB = gzipSync(Buffer.alloc(50_000_000, ' '), { level: 9 }); // 48 KiB that become 50 MB
const JSON_9 = '{"vm_id":"vm-9"}';
const big = (bytes: number) => `{"vm_id":"vm-9","x":"${'y'.repeat(bytes)}"}`;

export const FRAMES: readonly Row[] = [
  ['a body of 64 KiB and more', allocate(big(65_536)), 413, 'payload_too_large', 'body'],
  ['a body of 4 MB', allocate(big(4_000_000)), 413, 'payload_too_large', 'body'],
  [
    'a body of 4 MB in chunks',
    chunked(`10000\r\n${'y'.repeat(65_536)}\r\n`.repeat(60) + '0\r\n\r\n'),
    413,
    'payload_too_large',
    'body',
  ],
  ['a gzip bomb', zipped(BOMB, 'gzip'), 413, 'payload_too_large', 'body'],
  ['a deflate bomb', zipped(deflateSync(Buffer.alloc(9_000_000, ' ')), 'deflate'), 413, 'payload_too_large', 'body'],
  ['gzip that is none', zipped(Buffer.from(JSON_9), 'gzip'), 400, 'invalid_json', 'body'],
  ['half of a gzip', zipped(gzipSync(JSON_9).subarray(0, 15), 'gzip'), 400, 'invalid_json', 'body'],
  ['gzip of gzip', zipped(gzipSync(gzipSync(JSON_9)), 'gzip'), 400, 'invalid_json', 'body'],
  ['an unknown coding', zipped(Buffer.from(JSON_9), 'rot13'), 415, 'unsupported_media_type', 'Content-Encoding'],
  ['two codings', zipped(gzipSync(JSON_9), 'gzip, gzip'), 415, 'unsupported_media_type', 'Content-Encoding'],
  ['text/plain', allocate(JSON_9, 'Content-Type: text/plain\r\n'), 415, 'unsupported_media_type', 'Content-Type'],
  ['a type of nonsense', allocate(JSON_9, 'Content-Type: ;;;\r\n'), 415, 'unsupported_media_type', 'Content-Type'],
  [
    'a multipart form',
    allocate(JSON_9, 'Content-Type: multipart/form-data; boundary=x\r\n'),
    415,
    'unsupported_media_type',
    'Content-Type',
  ],
  ['a length below 0', post('Content-Length: -1\r\n'), 400, 'invalid_request'],
  ['a length in hex', post('Content-Length: 0x10\r\n') + JSON_9, 400, 'invalid_request'],
  ['a length with a plus', post('Content-Length: +16\r\n') + JSON_9, 400, 'invalid_request'],
  ['a length of 30 digits', post(`Content-Length: ${'9'.repeat(30)}\r\n`), 400, 'invalid_request'],
  ['a length beyond 2^32', post('Content-Length: 4294967312\r\n') + JSON_9, 413, 'payload_too_large', 'body'],
  ['two lengths', post('Content-Length: 16\r\nContent-Length: 2\r\n') + JSON_9, 400, 'invalid_request'],
  [
    'a length and chunks',
    post('Content-Length: 16\r\nTransfer-Encoding: chunked\r\n') + '0\r\n\r\n',
    400,
    'invalid_request',
  ],
  [
    'chunks and a length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 16\r\n') + '0\r\n\r\n',
    400,
    'invalid_request',
  ],
  ['chunks that are not last', post('Transfer-Encoding: chunked, identity\r\n') + JSON_9, 400, 'invalid_request'],
  ['an unknown transfer coding', post('Transfer-Encoding: xchunked\r\n') + JSON_9, 400, 'invalid_request'],
  ['a chunk size of nonsense', chunked('zz\r\n{}\r\n0\r\n\r\n'), 400, 'invalid_request'],
  ['a chunk size below 0', chunked('-1\r\n\r\n0\r\n\r\n'), 400, 'invalid_request'],
  ['a chunk size beyond 64 bits', chunked('ffffffffffffffffff\r\n'), 400, 'invalid_request'],
  ['a chunk longer than it says', chunked('2\r\n{"vm_id":"vm-9"}\r\n0\r\n\r\n'), 400, 'invalid_request'],
  ['a chunk without its end', chunked('10\r\n{"vm_id":"vm-9"}0\r\n\r\n'), 400, 'invalid_request'],
  ['a header of 9 KB', call('GET', '/livez', `X-Long: ${'a'.repeat(9000)}\r\n`), 431, 'invalid_request'],
  ['three thousand headers', call('GET', '/livez', 'X-A: b\r\n'.repeat(3000)), 431, 'invalid_request'],
  ['a path of 20 KB', call('GET', `/${'a'.repeat(20_000)}`), 431, 'invalid_request'],
  ['a header with a blank before its colon', call('GET', '/livez', 'X-A : b\r\n'), 400, 'invalid_request'],
  ['a header without a colon', call('GET', '/livez', 'X-A\r\n'), 400, 'invalid_request'],
  ['a header with a NUL', call('GET', '/livez', 'X-A: b\0c\r\n'), 400, 'invalid_request'],
  ['a header that is folded', call('GET', '/livez', 'X-A: b\r\n c\r\n'), 400, 'invalid_request'],
  ['no Host', 'GET /livez HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'invalid_request', 'Host'],
  ['two Hosts', call('DELETE', '/api/v1/ip/release/vm-1', 'Host: evil.example\r\n'), 400, 'invalid_request', 'Host'],
  [
    'a foreign Host',
    'DELETE /api/v1/ip/release/vm-1 HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n',
    403,
    'foreign_origin',
    'Host',
  ],
  ['HTTP/2 without asking', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400, 'invalid_request'],
  ['HTTP/9.9', `DELETE /api/v1/ip/release/vm-1 HTTP/9.9\r\n${HOST}\r\n`, 400, 'invalid_request'],
  ['line ends without CR', 'GET /livez HTTP/1.1\nHost: a\n\n', 400, 'invalid_request'],
  ['TLS', Buffer.from('16030100c8010000c40303', 'hex'), 400, 'invalid_request'],
  ['nothing but line ends and nonsense', '\r\n\r\n\r\nhello\r\n\r\n', 400, 'invalid_request'],
];

/** Requests that are never finished: the server waits, then says so. Without an end of our side, about 6 and 11 s. */
export const UNFINISHED: readonly Row[] = [
  ['HTTP/0.9, which has no headers', 'GET /livez\r\n', 408, 'invalid_request'],
  ['half a header', 'POST /api/v1/ip/allocate HTTP/1.1\r\nHost: a\r\nX-', 408, 'invalid_request'],
  ['a body shorter than it says', allocate(JSON_9).subarray(0, -1), 408, 'invalid_request'],
  ['chunks without the last', chunked('10\r\n{"vm_id":"vm-9"}\r\n'), 408, 'invalid_request'],
];
