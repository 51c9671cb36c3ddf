import type { Etcd } from '../../support/etcd.ts';
import type { Server } from '../../support/server.ts';
import { Client } from '../client.ts';
import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';
import { NODES, startNodes, stopNodes } from './nodes.ts';
import type { Run } from './worker.ts';
import { Workers } from './workers.ts';

/** Seconds, until the compiler is through: the hot path is long. */
const WARM_UP = 10;
const CREATED = 201;

export interface Rates {
  readonly rounds: number;
  readonly seconds: number;
  readonly steps: readonly {
    readonly callers: number;
    /** Allocations a second. */
    readonly plain: Spread;
    readonly http: Spread;
    readonly ratio: Spread;
    /** The slowest request over HTTP, milliseconds. */
    readonly worst: number;
    readonly failed: number;
  }[];
}

/** What three nodes reach together, beside what etcd itself reaches with a transaction for each request, in turn. */
export async function measureRates(etcd: Etcd, options: Options, progress: Progress): Promise<Rates> {
  const { rounds, seconds, quick } = options;
  const plain = new Workers(NODES);
  const servers = await startNodes(etcd, '/http/', '10.0.0.0/10');
  const load = new Load(servers);
  const samples = options.callers.map((callers) => ({
    ...{ callers, plain: [] as number[], http: [] as number[] },
    ...{ worst: 0, failed: 0 },
  }));
  try {
    progress('warming up');
    await plain.prepare({ kind: 'plain', endpoints: etcd.endpoints, prefix: '/plain/', cidr: '' });
    await plain.run({ callers: 64, seconds });
    await load.run({ callers: 64, seconds: quick ? seconds : WARM_UP });
    for (let round = 1; round <= rounds; round++) {
      for (const sample of samples) {
        const { callers } = sample;
        progress(`round ${round} of ${rounds}, ${callers} callers a node`);
        const direct = await plain.run({ callers, seconds });
        sample.plain.push(direct.done / direct.seconds);
        const http = await load.run({ callers, seconds });
        sample.http.push(http.done / http.seconds);
        sample.worst = Math.max(sample.worst, http.worst);
        sample.failed += http.failed;
      }
    }
  } finally {
    plain.close();
    await stopNodes(servers);
  }
  return {
    ...{ rounds, seconds },
    steps: samples.map(({ callers, plain, http, worst, failed }) => ({
      ...{ callers, plain: spreadOf(plain), http: spreadOf(http), worst, failed },
      ratio: spreadOf(http.map((rate, i) => rate / (plain[i] ?? Number.NaN))),
    })),
  };
}

/** All callers of all nodes in one process: less of it than of three is the load's own. */
class Load {
  readonly #servers: readonly Server[];
  #vm = 0;

  constructor(servers: readonly Server[]) {
    this.#servers = servers;
  }

  async run({ callers, seconds }: Run): Promise<{ done: number; failed: number; worst: number; seconds: number }> {
    const count = { done: 0, failed: 0, worst: 0 };
    const began = performance.now();
    const end = began + seconds * 1000;
    await new Promise<void>((resolve, reject) => {
      let open = this.#servers.length * callers;
      const ask = (client: Client) => client.send(this.#vm++);
      const answered = (client: Client, status: number, ms: number) => {
        if (status === CREATED) count.done++;
        else count.failed++;
        count.worst = Math.max(count.worst, ms);
        if (performance.now() < end) {
          ask(client);
          return;
        }
        client.close();
        if (--open === 0) resolve();
      };
      for (const { url } of this.#servers) {
        for (let n = 0; n < callers; n++) Client.open(new URL(url), answered, reject).then(ask, reject);
      }
    });
    return { ...count, seconds: (performance.now() - began) / 1000 };
  }
}

/** The table of {@link measureRates}. */
export function ratesTable({ rounds, seconds, steps }: Rates): Table {
  return {
    title: 'Durable allocations a second: three etcd members, three nodes and their clients on this machine',
    head: ['callers a node', 'plain etcd', 'ippool over HTTP', 'ippool ÷ plain', 'slowest request, ms', 'failed'],
    rows: steps.map(({ callers, plain, http, ratio, worst, failed }) => [
      formatNumber(callers, 0),
      formatSpread(plain, 0),
      formatSpread(http, 0),
      formatSpread(ratio, 1),
      formatNumber(worst, 0),
      formatNumber(failed, 0),
    ]),
    notes: [
      `plain etcd: one transaction of two keys for each request, from three processes. Median (lowest–highest) of ${rounds} interleaved rounds of ${seconds} s, after a warm-up.`,
    ],
  };
}

/** The plot of {@link measureRates}. */
export function ratesPlot({ rounds, steps }: Rates): Plot {
  const of = (key: 'plain' | 'http') => steps.map((step) => ({ x: formatNumber(step.callers, 0), y: step[key] }));
  return {
    name: 'rates',
    title: 'Durable allocations of three nodes together, three etcd members',
    note: `Bars: median, whiskers: lowest and highest of ${rounds} rounds`,
    kind: 'bars',
    x: { label: 'callers at each node' },
    y: { label: 'allocations a second', scale: 'linear' },
    series: [
      { name: 'plain etcd, a transaction each', points: of('plain') },
      { name: 'ippool over HTTP', points: of('http') },
    ],
  };
}
