import { once } from 'node:events';
import { Client } from './client.ts';
import { Latencies, type Latency } from './latency.ts';

// The load generator: a process of its own, told over the channel to its parent what to do. Connects first and says so,
// runs when told to, and answers with what it saw.

export interface LoadOrder {
  readonly url: string;
  readonly connections: number;
  readonly seconds: number;
  /** Ends earlier when so many requests were sent. */
  readonly maxRequests: number;
}

export interface LoadResult extends Latency {
  readonly requests: number;
  readonly seconds: number;
  /** Share of one core that the load generator was busy, 0 to 1: near 1 it may have been the bottleneck. */
  readonly busy: number;
}

export type ToLoad = LoadOrder | 'go';
export type FromLoad = 'connected' | LoadResult | { readonly error: string };

const CREATED = 201;
let nextVm = 0;

async function run(order: LoadOrder): Promise<LoadResult> {
  const latencies = new Latencies();
  let deadline = 0;
  let sent = 0;
  let answers = 0;
  let end: (error?: Error) => void = () => undefined;
  const ended = new Promise<void>((resolve, reject) => {
    end = (error) => (error ? reject(error) : resolve());
  });
  const next = (client: Client) => {
    sent++;
    client.send(nextVm++);
  };
  const answered = (client: Client, status: number, milliseconds: number) => {
    if (status !== CREATED) end(new Error(`answer ${status} instead of ${CREATED}`));
    answers++;
    latencies.add(milliseconds);
    if (sent < order.maxRequests && performance.now() < deadline) next(client);
    else if (answers === sent) end();
  };
  const url = new URL(order.url);
  const clients = await Promise.all(Array.from({ length: order.connections }, () => Client.open(url, answered, end)));
  send('connected');
  await once(process, 'message'); // "go"
  const cpu = process.cpuUsage();
  const began = performance.now();
  deadline = began + order.seconds * 1000;
  clients.forEach(next);
  await ended.finally(() => clients.forEach((client) => client.close()));
  const seconds = (performance.now() - began) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  return {
    requests: answers,
    seconds,
    ...latencies.summary(),
    busy: (user + system) / 1e6 / seconds,
  };
}

function send(message: FromLoad): void {
  process.send?.(message);
}

process.on('message', (message: ToLoad) => {
  if (message !== 'go') run(message).then(send, (error: unknown) => send({ error: String(error) }));
});
process.on('disconnect', () => process.exit());
