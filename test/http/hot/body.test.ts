import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { readBody } from '../../../src/http/hot/body.ts';

/** A request that has come to its end. */
function requestOf(...chunks: readonly Buffer[]): IncomingMessage {
  return Object.assign(Readable.from(chunks), { complete: true }) as unknown as IncomingMessage;
}

// What it refuses is in identity.test.ts, side by side with what koa-bodyparser refuses.
describe('http.hot.readBody', () => {
  it('puts a character together that came in two parts', async () => {
    const bytes = Buffer.from('{"hostname":"é"}');
    const cut = bytes.indexOf(0xc3) + 1;
    const { value } = await readBody(requestOf(bytes.subarray(0, cut), bytes.subarray(cut)), 1024);
    assert.deepEqual(value, { hostname: 'é' });
  });

  it('passes over a byte order mark', async () => {
    const { raw, value } = await readBody(requestOf(Buffer.from('\ufeff{"vm_id":"vm-1"}')), 1024);
    assert.deepEqual([raw, value], ['{"vm_id":"vm-1"}', { vm_id: 'vm-1' }]);
  });
});
