import type { Options } from '../options.ts';
import { PERCENTILES } from '../latency.ts';
import type { Plot } from '../plot/plot.ts';
import {
  MAX_REQUESTS,
  measureLoad,
  NETWORK,
  pinning,
  type Sample,
  type SampleSpread,
  sampleSpread,
} from '../sample.ts';
import type { Servers } from '../servers.ts';
import { formatNumber, formatSpread } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';

const CONNECTIONS = [1, 8, 64];

export interface Percentiles {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: Options['warmUp'];
  readonly pinned: boolean;
  readonly steps: readonly { readonly connections: number; readonly sample: SampleSpread }[];
}

/** How long a durable allocation takes over HTTP, a fresh server each round. */
export async function measurePercentiles(
  servers: Servers,
  { rounds, seconds, warmUp, connections: steps = CONNECTIONS }: Options,
  progress: Progress,
): Promise<Percentiles> {
  const load = servers.startLoad();
  const samples = steps.map((connections) => ({ connections, taken: [] as Sample[] }));
  for (let round = 1; round <= rounds; round++) {
    const server = await servers.start('ippool', { args: ['--network', NETWORK], pin: true });
    progress(`round ${round} of ${rounds}: warming up`);
    await measureLoad(load, server, warmUp);
    for (const { connections, taken } of samples) {
      progress(`round ${round} of ${rounds}: ${connections} connections`);
      taken.push(await measureLoad(load, server, { connections, seconds, requests: MAX_REQUESTS }));
    }
    await server.stop();
  }
  load.disconnect();
  return {
    ...{ rounds, seconds, warmUp, pinned: servers.pinned },
    steps: samples.map(({ connections, taken }) => ({ connections, sample: sampleSpread(taken) })),
  };
}

/** The table of {@link measurePercentiles}. */
export function percentilesTable({ rounds, seconds, warmUp, pinned, steps }: Percentiles): Table {
  return {
    title: 'Latency of a durable allocation over HTTP, ms',
    head: ['connections', ...PERCENTILES.map(({ name }) => name), 'requests/s'],
    rows: steps.map(({ connections, sample }) => [
      formatNumber(connections, 0),
      ...PERCENTILES.map(({ key }) => formatSpread(sample[key], 2)),
      formatSpread(sample.rate, 0),
    ]),
    notes: [
      'A new VM each time, one request under way on each keep-alive connection. Every answer is on the disk.',
      `Median (lowest–highest) of ${rounds} rounds of ${seconds} s each, after a warm-up of ${formatNumber(warmUp.requests, 0)} requests (${warmUp.seconds} s at most); a fresh server every round. ${pinning(pinned)}`,
    ],
  };
}

/** The plot of {@link measurePercentiles}. */
export function percentilesPlot({ rounds, steps }: Percentiles): Plot {
  return {
    name: 'percentiles',
    title: 'Latency of a durable allocation over HTTP',
    note: `Points: median, whiskers: lowest and highest of ${rounds} rounds`,
    kind: 'steps',
    x: { label: 'share of the requests answered within' },
    y: { label: 'latency, ms', scale: 'log' },
    series: steps.map(({ connections, sample }) => ({
      name: `${connections} ${connections === 1 ? 'connection' : 'connections'}`,
      points: PERCENTILES.map(({ key, name }) => ({ x: name, y: sample[key] })),
    })),
  };
}
