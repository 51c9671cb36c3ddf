import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import {
  MAX_REQUESTS,
  measureLoad,
  NETWORK,
  pinning,
  ratio,
  type Sample,
  type SampleSpread,
  sampleSpread,
} from '../sample.ts';
import { Servers } from '../servers.ts';
import { formatNumber, formatSpread, type Spread } from '../spread.ts';
import type { Progress, Suite } from '../suite.ts';
import type { Table } from '../table.ts';

const KINDS = ['raw', 'ippool'] as const;
const CONNECTIONS = [1, 8, 64, 256];

interface Result {
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUp: Options['warmUp'];
  readonly pinned: boolean;
  readonly steps: readonly {
    readonly connections: number;
    readonly servers: Readonly<Record<(typeof KINDS)[number], SampleSpread>>;
    /** ippool ÷ raw, of the two measurements that stand next to each other in a round. */
    readonly cpuRatio: Spread;
    readonly rateRatio: Spread;
  }[];
}

/**
 * Allocations over HTTP, each of a VM never seen before, against a raw server and ippool in turn, so that a change of the
 * machine's mood meets both. Every round has fresh processes: a pool does not grow from round to round, and what the
 * compiler happened to choose in one process does not decide the result.
 */
async function measure(options: Options, progress: Progress): Promise<Result> {
  const { rounds, seconds, warmUp, connections: steps = CONNECTIONS } = options;
  const servers = new Servers(options.folder);
  try {
    const load = servers.startLoad();
    const samples = steps.map((connections) => ({ connections, raw: [] as Sample[], ippool: [] as Sample[] }));
    for (let round = 1; round <= rounds; round++) {
      const running = {
        raw: await servers.start('raw', { pin: true }),
        ippool: await servers.start('ippool', { args: ['--network', NETWORK], pin: true }),
      };
      for (const kind of KINDS) {
        progress(`round ${round} of ${rounds}: warming up ${kind}`);
        await measureLoad(load, running[kind], warmUp);
      }
      for (const { connections, ...of } of samples) {
        for (const kind of KINDS) {
          progress(`round ${round} of ${rounds}: ${kind}, ${connections} connections`);
          of[kind].push(await measureLoad(load, running[kind], { connections, seconds, requests: MAX_REQUESTS }));
        }
      }
      for (const kind of KINDS) await running[kind].stop();
    }
    return {
      ...{ rounds, seconds, warmUp, pinned: servers.pinned },
      steps: samples.map(({ connections, raw, ippool }) => ({
        connections,
        servers: { raw: sampleSpread(raw), ippool: sampleSpread(ippool) },
        cpuRatio: ratio(ippool, raw, 'cpu'),
        rateRatio: ratio(ippool, raw, 'rate'),
      })),
    };
  } finally {
    servers.close();
  }
}

function tables({ rounds, seconds, warmUp, pinned, steps }: Result): Table[] {
  const percent = ({ median }: Spread) => (Number.isNaN(median) ? '–' : `${formatNumber(median * 100, 0)} %`);
  return [
    {
      title: 'POST /api/v1/ip/allocate, a new VM each time, one request under way on each keep-alive connection',
      head: ['connections', 'server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs/request', 'server busy', 'load busy'],
      rows: steps.flatMap(({ connections, servers }) =>
        KINDS.map((kind) => {
          const { rate, p50, p99, cpu, busy, loadBusy } = servers[kind];
          return [
            formatNumber(connections, 0),
            kind,
            formatSpread(rate, 0),
            formatSpread(p50, 2),
            formatSpread(p99, 2),
            formatSpread(cpu, 1),
            percent(busy),
            percent(loadBusy),
          ];
        }),
      ),
      notes: [
        `raw: node:http that parses and answers the same JSON and keeps nothing. ippool: the built server; every answer is on the disk (O_DSYNC).`,
        `Median (lowest–highest) of ${rounds} interleaved rounds of ${seconds} s each, after a warm-up of ${formatNumber(warmUp.requests, 0)} requests (${warmUp.seconds} s at most); fresh processes every round.`,
        `CPU: the whole server process, all threads, user and system. ${pinning(pinned)}`,
      ],
    },
    {
      title: 'ippool ÷ raw',
      head: ['connections', 'CPU per request', 'requests/s'],
      rows: steps.map(({ connections, cpuRatio, rateRatio }) => [
        formatNumber(connections, 0),
        formatSpread(cpuRatio, 2),
        formatSpread(rateRatio, 2),
      ]),
      notes: ['Goals: with 64 connections 1.6 times the CPU of the raw server at most, with one 4 times.'],
    },
  ];
}

function plots({ steps, rounds }: Result): Plot[] {
  return [
    {
      name: 'cpu',
      title: 'CPU of the server for one allocation over HTTP',
      note: `Bars: median, whiskers: lowest and highest of ${rounds} rounds`,
      kind: 'bars',
      x: { label: 'connections' },
      y: { label: 'CPU a request, µs', scale: 'linear' },
      series: KINDS.map((kind) => ({
        name: kind === 'raw' ? 'raw node:http, keeps nothing' : 'ippool, durable',
        points: steps.map(({ connections, servers }) => ({ x: formatNumber(connections, 0), y: servers[kind].cpu })),
      })),
    },
  ];
}

export const http: Suite<Result> = { measure, tables, plots };
