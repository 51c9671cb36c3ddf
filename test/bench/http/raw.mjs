// @ts-check
// The yardstick: node:http and nothing else. Reads the same JSON body as ippool's allocate, answers the same JSON with
// the same status, remembers nothing. Plain JavaScript, so that no loader takes part in its CPU time.
import { createServer } from 'node:http';

let last = 0;

const server = createServer((request, response) => {
  /** @type {Buffer[]} */
  const chunks = [];
  request.on('data', (chunk) => chunks.push(chunk));
  request.on('end', () => {
    const { vm_id, hostname } = JSON.parse(Buffer.concat(chunks).toString());
    const offset = ++last + 1;
    const body = JSON.stringify({
      ip: `10.${(offset >>> 16) & 255}.${(offset >>> 8) & 255}.${offset & 255}`,
      vm_id,
      gateway: '10.0.0.1',
      network: '10.0.0.0/8',
      prefix_length: 8,
      hostname,
      allocated_at: new Date().toISOString(),
    });
    response.writeHead(201, {
      'Content-Type': 'application/json; charset=utf-8',
      'Content-Length': Buffer.byteLength(body),
    });
    response.end(body);
  });
});

server.listen(0, '127.0.0.1', () => {
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  process.stdout.write(`${JSON.stringify({ msg: 'ready on', url: `http://127.0.0.1:${port}` })}\n`);
});
