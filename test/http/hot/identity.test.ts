import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import fc from 'fast-check';
import { listen } from '../../../src/http/server.ts';
import { createTestApp } from '../../support/app.ts';
import { sendRaw } from '../../support/raw.ts';

const VMS = ['vm-1', 'vm-2', 'a', 'Stats', 'x'.repeat(128), 'a:b@c', '-', 'vm%2D1', 'stats', 'allocate', '..', 'é', ''];
const vm = fc.constantFrom(...VMS);
const header = (name: string, ...values: readonly string[]) =>
  fc.option(
    fc.constantFrom(...values).map((value) => `${name}: ${value}\r\n`),
    { nil: '' },
  );
const headers = fc
  .tuple(
    header('X-Request-Id', 'trace-1', 'a b', 'x'.repeat(129)),
    header('X-Actor', 'hook', 'two words', 'é', 'x'.repeat(129)),
    header('Origin', 'http://a', 'http://evil.example', 'null'),
    header('Host', 'evil.example', '127.0.0.1:80', 'localhost'),
    header('X-Ippool-Revision', '3', 'x'),
    header('Accept', 'application/json', 'text/html'),
    header('Expect', '100-continue'),
  )
  .map((lines) => lines.join(''));
const host = fc.constantFrom('Host: a\r\n', 'Host: a\r\n', 'Host: a\r\n', '', 'host: LOCALHOST\r\n');
const query = fc.constantFrom('', '', '', '', '?', '?network=default', '?network=none', '?ip=172.16.0.2', '/');

const json = fc.oneof(
  fc.record({ vm_id: vm }, { requiredKeys: [] }).map((body) => JSON.stringify(body)),
  fc.record({ vm_id: vm, hostname: fc.constantFrom('web', '', '-', null, 7, 'é') }).map((body) => JSON.stringify(body)),
  fc
    .record({ vm_id: vm, networks: fc.constantFrom(['default'], [], null, ['none']) })
    .map((body) => JSON.stringify(body)),
  fc.json(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom(
    '',
    ' ',
    '[]',
    'null',
    '"a"',
    '{"vm_id":"a","vm_id":"b"}',
    '{"vm_id":"a","\\u0076m_id":"b"}',
    '\ufeff{"vm_id":"a"}',
    '{"__proto__":{"vm_id":"a"}}',
    '{"\\u005f_proto__":{}}',
    '{"vm_id":"a"',
    '\n\t {"vm_id":"vm-1"}\r\n',
    `{"vm_id":"a"${' '.repeat(66_000)}}`,
  ),
);
const bytes = fc.oneof(
  { weight: 9, arbitrary: json.map((text) => Buffer.from(text)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 40 }).map((list) => Buffer.from(list)) },
);
const type = header(
  'Content-Type',
  'application/json',
  'application/json; charset=utf-8',
  'application/json; charset=latin1',
  'text/plain',
  'application/vnd.api+json',
);

const allocate = fc
  .record({ host, headers, query, type, bytes, encoding: header('Content-Encoding', 'identity', 'gzip', 'x') })
  .map((one) => {
    const length = `Content-Length: ${one.bytes.length}\r\n`;
    const head = `${one.host}${one.headers}${one.type}${one.encoding}${length}`;
    return Buffer.concat([Buffer.from(`POST /api/v1/ip/allocate${one.query} HTTP/1.1\r\n${head}\r\n`), one.bytes]);
  });
const chunked = fc.record({ host, headers, bytes }).map((one) => {
  const head = `POST /api/v1/ip/allocate HTTP/1.1\r\n${one.host}${one.headers}Transfer-Encoding: chunked\r\n\r\n`;
  const chunk = one.bytes.length > 0 ? [Buffer.from(`${one.bytes.length.toString(16)}\r\n`), one.bytes, '\r\n'] : [];
  return Buffer.concat([head, ...chunk, '0\r\n\r\n'].map((part) => Buffer.from(part)));
});
const other = fc
  .record({
    call: fc.constantFrom(
      'GET /api/v1/ip/',
      'HEAD /api/v1/ip/',
      'DELETE /api/v1/ip/release/',
      'POST /api/v1/ip/release/',
    ),
    vm,
    query,
    version: fc.constantFrom('1.1', '1.1', '1.1', '1.0'),
    host,
    headers,
    body: fc.constantFrom('', '', '', 'Content-Length: 0\r\n'),
  })
  .map((one) => {
    const head = `${one.call}${one.vm}${one.query} HTTP/${one.version}\r\n${one.host}${one.headers}${one.body}`;
    return Buffer.from(`${head}\r\n`);
  });
const request = fc.oneof(
  { weight: 4, arbitrary: allocate },
  { weight: 1, arbitrary: chunked },
  { weight: 5, arbitrary: other },
);

/** A generated request id. The two paths count separately, so it may differ in length, and with it the body. */
const ID = /[0-9a-f]{12}-[0-9a-z]+/g;

/** The bytes of responses without what differs between any two requests. */
function comparable(text: string): string {
  const undated = text.replace(/^Date: .*$/gm, 'Date');
  return text.search(ID) >= 0 ? undated.replaceAll(ID, 'id').replace(/^Content-Length: .*$/gm, 'Length') : undated;
}

async function start(t: TestContext, options: Parameters<typeof createTestApp>[0]) {
  const { handler } = await createTestApp(options);
  const server = await listen(handler, '127.0.0.1', 0);
  t.after(() => server.close());
  return server.url;
}

const revisions = { revision: 7, health: () => ({ writable: false }), reached: () => Promise.resolve() };

describe('http.hotPath', () => {
  for (const [name, options] of Object.entries({ 'a single node': {}, 'a node of a cluster': { revisions } })) {
    it(`responds with the bytes of the regular path, on ${name}`, async (t) => {
      const hot = await start(t, { ...options, isHot: true, cidr: '172.16.0.0/29' });
      const regular = await start(t, { ...options, isHot: false, cidr: '172.16.0.0/29' });
      await fc.assert(
        fc.asyncProperty(fc.array(request, { minLength: 1, maxLength: 12 }), async (requests) => {
          // Each on a connection of its own: a malformed request ends its connection, and with it those before it that
          // are still being handled, which depends on timing.
          for (const bytes of requests) {
            const [a, b] = await Promise.all([hot, regular].map((url) => sendRaw(url, bytes, { end: true })));
            assert.equal(comparable(a?.text ?? ''), comparable(b?.text ?? ''), bytes.toString());
          }
        }),
        { numRuns: 150 },
      );
    });
  }
});
