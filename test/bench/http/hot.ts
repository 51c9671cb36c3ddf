// Whether the hot path pays off: CPU per allocation with it and without it, beside the raw server, at 64 connections.
// `node --import tsx test/bench/http/hot.ts [rounds] [seconds]`, after `npm run prebench`.
import { tmpdir } from 'node:os';
import { measureLoad, NETWORK, ratio, type Sample } from '../sample.ts';
import { Servers } from '../servers.ts';
import { formatSpread, spreadOf } from '../spread.ts';

const CONNECTIONS = 64;
const WARM_UP = { connections: CONNECTIONS, seconds: 2, requests: 20_000 };
/** A query is one of the things that the hot path leaves to the regular one. */
const REGULAR = '?network=default';

const [rounds = 3, seconds = 3] = process.argv.slice(2).map(Number);
const servers = new Servers(tmpdir());
const samples = { raw: [] as Sample[], hot: [] as Sample[], regular: [] as Sample[] };
const args = ['--network', NETWORK];
try {
  const load = servers.startLoad();
  for (let round = 0; round < rounds; round++) {
    const running = {
      raw: await servers.start('raw', { pin: true }),
      hot: await servers.start('ippool', { args, pin: true }),
      regular: await servers.start('ippool', { args, pin: true }),
    };
    const urls = { ...running, regular: { ...running.regular, url: running.regular.url + REGULAR } };
    for (const server of Object.values(urls)) await measureLoad(load, server, WARM_UP);
    for (const kind of ['raw', 'hot', 'regular'] as const) {
      const order = { connections: CONNECTIONS, seconds, requests: 250_000 };
      samples[kind].push(await measureLoad(load, urls[kind], order));
    }
    for (const server of Object.values(running)) await server.stop();
  }
} finally {
  servers.close();
}
for (const [kind, list] of Object.entries(samples)) {
  console.log(`${kind}: ${formatSpread(spreadOf(list.map(({ cpu }) => cpu)), 1)} µs of CPU per request`);
}
console.log(`hot ÷ raw: ${formatSpread(ratio(samples.hot, samples.raw, 'cpu'), 2)}`);
console.log(`regular ÷ raw: ${formatSpread(ratio(samples.regular, samples.raw, 'cpu'), 2)}`);
console.log(`hot ÷ regular: ${formatSpread(ratio(samples.hot, samples.regular, 'cpu'), 2)}`);
