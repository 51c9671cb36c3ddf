import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { firstHost, parseCidr } from '../../../../src/net/cidr.ts';
import { decideAddNetwork } from '../../../../src/pool/decide/network.ts';
import { Pool } from '../../../../src/pool/pool.ts';
import { createTestApp } from '../../../support/app.ts';
import { type Mode, PlainStore } from './store.ts';

// A node on the plain store, started as the real one is.

const { values } = parseArgs({
  strict: false,
  options: {
    etcd: { type: 'string' },
    host: { type: 'string' },
    network: { type: 'string' },
    manner: { type: 'string' },
  },
});
const { etcd, host, network, manner } = values as Record<'etcd' | 'host' | 'network' | 'manner', string>;
const cidr = parseCidr(network)!;
const gateway = { family: cidr.family, value: firstHost(cidr) };
const origin = { at: 0, actor: 'test', request_id: 'start' };
const added = decideAddNetwork(new Pool(), 'default', { cidr, gateway }, origin);
const store = new PlainStore(etcd.split(','), manner as Mode, added);
const { handler } = await createTestApp({ store, random: Math.random });
const server = createServer((request, response) => void handler(request, response));
server.listen(0, host, () => {
  const { port } = server.address() as AddressInfo;
  process.stdout.write(`${JSON.stringify({ msg: 'ready on ', url: `http://${host}:${port}` })}\n`);
});
process.on('SIGTERM', () => process.exit(0));
