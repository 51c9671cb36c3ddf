import { type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { FromLoad, LoadOrder, LoadResult, ToLoad } from './load.ts';
import { cpuMicroseconds } from './machine.ts';
import type { Options } from './options.ts';
import type { BenchServer, Servers } from './servers.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from './spread.ts';
import type { Table } from './table.ts';

/** Large enough for every request of a round, so that each is an allocation. Only a pool: no interface is touched. */
const NETWORK = '10.0.0.0/8';
const MAX_REQUESTS = 250_000;
const KINDS = ['raw', 'ippool'] as const;
type Kind = (typeof KINDS)[number];

interface Sample {
  readonly rate: number;
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of server CPU for one request. */
  readonly cpu: number;
  /** Share of a core that the server and the load generator were busy, 0 to 1. */
  readonly busy: number;
  readonly loadBusy: number;
}

export interface HttpFigures {
  readonly connections: number;
  readonly servers: Readonly<Record<Kind, Readonly<Record<keyof Sample, Spread>>>>;
  /** ippool ÷ raw, of the two measurements that stand next to each other in a round. */
  readonly cpuRatio: Spread;
  readonly rateRatio: Spread;
}

/**
 * Allocations over HTTP, each of a VM never seen before, against a raw server and ippool in turn, so that a change of the
 * machine's mood meets both. Every round has fresh processes: a pool does not grow from round to round, and what the
 * compiler happened to choose in one process does not decide the result.
 */
export async function measureHttp(
  servers: Servers,
  options: Options,
  progress: (text: string) => void,
): Promise<HttpFigures[]> {
  const load = servers.startLoad();
  const samples = options.connections.map((connections) => ({
    connections,
    raw: [] as Sample[],
    ippool: [] as Sample[],
  }));
  for (let round = 1; round <= options.rounds; round++) {
    const running = {
      raw: await servers.start('raw', { pin: true }),
      ippool: await servers.start('ippool', { args: ['--network', NETWORK], pin: true }),
    };
    for (const kind of KINDS) {
      progress(`round ${round} of ${options.rounds}: warming up ${kind}`);
      await measure(load, running[kind], options.warmUp);
    }
    for (const row of samples) {
      for (const kind of KINDS) {
        progress(`round ${round} of ${options.rounds}: ${kind}, ${row.connections} connections`);
        row[kind].push(
          await measure(load, running[kind], {
            connections: row.connections,
            seconds: options.seconds,
            requests: MAX_REQUESTS,
          }),
        );
      }
    }
    for (const kind of KINDS) await running[kind].stop();
  }
  load.disconnect();
  return samples.map(({ connections, raw, ippool }) => ({
    connections,
    servers: { raw: summary(raw), ippool: summary(ippool) },
    cpuRatio: ratio(ippool, raw, 'cpu'),
    rateRatio: ratio(ippool, raw, 'rate'),
  }));
}

export async function measure(
  load: ChildProcess,
  { url, pid }: BenchServer,
  { connections, seconds, requests }: { connections: number; seconds: number; requests: number },
): Promise<Sample> {
  await tell(load, { url, connections, seconds, maxRequests: requests } satisfies LoadOrder);
  const before = cpuMicroseconds(pid);
  const result = (await tell(load, 'go')) as LoadResult;
  const cpu = cpuMicroseconds(pid) - before;
  return {
    rate: result.requests / result.seconds,
    p50: result.p50,
    p99: result.p99,
    cpu: cpu / result.requests,
    busy: cpu / 1e6 / result.seconds,
    loadBusy: result.busy,
  };
}

async function tell(load: ChildProcess, message: ToLoad): Promise<Exclude<FromLoad, { error: string }>> {
  const answer = once(load, 'message');
  load.send(message);
  const [said] = (await answer) as [FromLoad];
  if (typeof said === 'object' && 'error' in said) throw new Error(`the load generator stopped: ${said.error}`);
  return said;
}

function summary(samples: readonly Sample[]): HttpFigures['servers'][Kind] {
  const of = (key: keyof Sample) => spreadOf(samples.map((sample) => sample[key]));
  return {
    rate: of('rate'),
    p50: of('p50'),
    p99: of('p99'),
    cpu: of('cpu'),
    busy: of('busy'),
    loadBusy: of('loadBusy'),
  };
}

function ratio(above: readonly Sample[], below: readonly Sample[], key: keyof Sample): Spread {
  return spreadOf(above.map((sample, round) => sample[key] / (below[round]?.[key] ?? Number.NaN)));
}

/** The tables of {@link measureHttp}. */
export function httpTables(figures: readonly HttpFigures[], options: Options, pinned: boolean): Table[] {
  const percent = ({ median }: Spread) => (Number.isNaN(median) ? '–' : `${formatNumber(median * 100, 0)} %`);
  return [
    {
      title: 'POST /api/v1/ip/allocate, a new VM each time, one request under way on each keep-alive connection',
      head: ['connections', 'server', 'requests/s', 'p50 ms', 'p99 ms', 'CPU µs/request', 'server busy', 'load busy'],
      rows: figures.flatMap(({ connections, servers }) =>
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
        `raw: node:http that parses and answers the same JSON and keeps nothing. ippool: the built server; every answer is on the disk (fdatasync).`,
        `Median (lowest–highest) of ${options.rounds} interleaved rounds of ${options.seconds} s each, after a warm-up of ${formatNumber(options.warmUp.requests, 0)} requests (${options.warmUp.seconds} s at most); fresh processes every round.`,
        `CPU: the whole server process, all threads, user and system. ${pinned ? 'Server on one core, load on another (taskset).' : 'Not pinned to cores: taskset is missing, or there is one core only.'}`,
      ],
    },
    {
      title: 'ippool ÷ raw',
      head: ['connections', 'CPU per request', 'requests/s'],
      rows: figures.map(({ connections, cpuRatio, rateRatio }) => [
        formatNumber(connections, 0),
        formatSpread(cpuRatio, 2),
        formatSpread(rateRatio, 2),
      ]),
      notes: ['Goal with 64 connections: 2.0 times the CPU of the raw server at most.'],
    },
  ];
}
