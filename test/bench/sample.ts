import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { Latency } from './latency.ts';
import type { FromLoad, LoadOrder, LoadResult, ToLoad } from './load.ts';
import { cpuMicroseconds } from './machine.ts';
import type { BenchServer } from './servers.ts';
import { type Spread, spreadOf } from './spread.ts';

/** Large enough for every request of a round, so that each is an allocation. Only a pool: no interface is touched. */
export const NETWORK = '10.0.0.0/8';
export const MAX_REQUESTS = 250_000;

/** One measurement of a server under load. */
export interface Sample extends Latency {
  readonly rate: number;
  /** Microseconds of server CPU for one request. */
  readonly cpu: number;
  /** Share of a core that the server and the load generator were busy, 0 to 1. */
  readonly busy: number;
  readonly loadBusy: number;
}

export type SampleSpread = Readonly<Record<keyof Sample, Spread>>;

/** @param load as {@link Servers.startLoad} starts it */
export async function measureLoad(
  load: ChildProcess,
  { url, pid }: BenchServer,
  { connections, seconds, requests }: { connections: number; seconds: number; requests: number },
): Promise<Sample> {
  await tell(load, { url, connections, seconds, maxRequests: requests } satisfies LoadOrder);
  const before = cpuMicroseconds(pid);
  const result = (await tell(load, 'go')) as LoadResult;
  const cpu = cpuMicroseconds(pid) - before;
  const { p50, p90, p99, p999, max } = result;
  return {
    rate: result.requests / result.seconds,
    ...{ p50, p90, p99, p999, max },
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

export function sampleSpread(samples: readonly Sample[]): SampleSpread {
  const of = (key: keyof Sample) => spreadOf(samples.map((sample) => sample[key]));
  return {
    ...{ rate: of('rate'), cpu: of('cpu'), busy: of('busy'), loadBusy: of('loadBusy') },
    ...{ p50: of('p50'), p90: of('p90'), p99: of('p99'), p999: of('p999'), max: of('max') },
  };
}

/** Of measurements that stand next to each other in a round. */
export function ratio(above: readonly Sample[], below: readonly Sample[], key: keyof Sample): Spread {
  return spreadOf(above.map((sample, round) => sample[key] / (below[round]?.[key] ?? Number.NaN)));
}

/** What a table says below its CPU figures. */
export function pinning(pinned: boolean): string {
  return pinned
    ? 'Server on one core, load on another (taskset).'
    : 'Not pinned to cores: taskset is missing, or there is one core only.';
}
