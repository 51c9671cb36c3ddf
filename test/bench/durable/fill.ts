import { Door } from '../connection.ts';
import { Latencies, type Latency, type LatencySpread, latencySpread, PERCENTILES } from '../latency.ts';
import { cpuMicroseconds } from '../machine.ts';
import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import { pinning } from '../sample.ts';
import type { BenchServer, Servers } from '../servers.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';
import { Wire } from '../wire.ts';

/** Percent. A full one refuses. */
const LEVELS = [0, 50, 90, 99, 100];
/** Of a /20, without its own address, broadcast and gateway. */
const HOSTS = 4093;
/** New allocations in a row; then they are released. As many are free at 99 %, and a few more. */
const BATCH = 32;
const CREATED = 201;
const REFUSED = 503;

export interface Fill {
  readonly rounds: number;
  readonly seconds: number;
  readonly pinned: boolean;
  readonly levels: readonly {
    readonly percent: number;
    readonly latency: LatencySpread;
    /** Microseconds of server CPU for one request. */
    readonly cpu: Spread;
  }[];
}

/** One /20 for each level, in one server, filled by allocations over HTTP; measured in turn. */
export async function measureFill(servers: Servers, options: Options, progress: Progress): Promise<Fill> {
  const { rounds, seconds, warmUp, quick } = options;
  const server = await servers.start('ippool', { pin: true });
  const levels = LEVELS.map((percent) => ({ percent, latency: [] as Latency[], cpu: [] as number[] }));
  await fill(server, progress);
  const wire = await Wire.open(new URL(server.url));
  for (let round = quick ? 1 : 0; round <= rounds; round++) {
    progress(round === 0 ? 'fill: warming up' : `fill: round ${round} of ${rounds}`);
    const taken = LEVELS.map((percent) => new Level(server, wire, percent));
    const end = performance.now() + (round === 0 ? warmUp.seconds : seconds * LEVELS.length) * 1000;
    do {
      for (const level of taken) await level.batch();
    } while (performance.now() < end);
    if (round === 0) continue;
    for (const [i, level] of taken.entries()) {
      levels[i]?.latency.push(level.latencies.summary());
      levels[i]?.cpu.push(level.cpu / level.requests);
    }
  }
  wire.close();
  await server.stop();
  return {
    ...{ rounds, seconds, pinned: servers.pinned },
    levels: levels.map(({ percent, latency, cpu }) => ({
      percent,
      latency: latencySpread(latency),
      cpu: spreadOf(cpu),
    })),
  };
}

async function fill(server: BenchServer, progress: Progress): Promise<void> {
  const door = new Door(server);
  for (const [i, percent] of LEVELS.entries()) {
    progress(`filling a /20 to ${percent} %`);
    const network = nameOf(percent);
    await door.post('/networks', { cidr: `10.1.${16 * i}.0/20`, gateway: `10.1.${16 * i}.1`, name: network });
    const count = Math.floor((HOSTS * percent) / 100);
    const requests = Array.from({ length: count }, (_, n) => ({ network, vm_id: `held-${n}` }));
    if (count > 0) await door.bulk(requests);
  }
  door.close();
}

/** What is measured in one of the networks during a round. */
class Level {
  readonly latencies = new Latencies();
  cpu = 0;
  requests = 0;
  readonly #server: BenchServer;
  readonly #wire: Wire;
  readonly #percent: number;
  #vm = 0;

  constructor(server: BenchServer, wire: Wire, percent: number) {
    this.#server = server;
    this.#wire = wire;
    this.#percent = percent;
  }

  /** Allocations of new VMs, timed; then their release, so that the network is as full as before. */
  async batch(): Promise<void> {
    const expected = this.#percent === 100 ? REFUSED : CREATED;
    const query = `?network=${nameOf(this.#percent)}`;
    const first = this.#vm;
    this.#vm += BATCH;
    const before = cpuMicroseconds(this.#server.pid);
    for (let vm = first; vm < this.#vm; vm++) {
      const answer = await this.#wire.ask('POST', `/ip/allocate${query}`, { vm_id: `new-${vm}` });
      if (answer.status !== expected) throw new Error(`${answer.status} at ${this.#percent} %: ${answer.text}`);
      this.latencies.add(answer.milliseconds);
    }
    this.cpu += cpuMicroseconds(this.#server.pid) - before;
    this.requests += BATCH;
    if (expected === REFUSED) return;
    for (let vm = first; vm < this.#vm; vm++) {
      const { status, text } = await this.#wire.ask('DELETE', `/ip/release/new-${vm}${query}`);
      if (status !== 200) throw new Error(`${status} for a release: ${text}`);
    }
  }
}

function nameOf(percent: number): string {
  return `full-${percent}`;
}

/** The table of {@link measureFill}. */
export function fillTable({ rounds, seconds, pinned, levels }: Fill): Table {
  return {
    title: 'Latency of a durable allocation in a /20 that is so full, over HTTP, one connection, ms',
    head: ['full', ...PERCENTILES.map(({ name }) => name), 'CPU µs/request'],
    rows: levels.map(({ percent, latency, cpu }) => [
      percent === 100 ? '100 % (refused)' : `${percent} %`,
      ...PERCENTILES.map(({ key }) => formatSpread(latency[key], 2)),
      formatSpread(cpu, 0),
    ]),
    notes: [
      `Filled with real allocations (of ${formatNumber(HOSTS, 0)}), a network for each level in the same server, measured in turn: ${BATCH} new VMs, which are released before the next ${BATCH}; the releases are not timed. A refusal waits for no disk.`,
      `Median (lowest–highest) of ${rounds} rounds of about ${seconds} s a level, after a warm-up. ${pinning(pinned)}`,
    ],
  };
}

/** The plot of {@link measureFill}. */
export function fillPlot({ rounds, levels }: Fill): Plot {
  return {
    name: 'fill',
    title: 'Latency of a durable allocation against how full a /20 is',
    note: `One connection. Points: median, whiskers: lowest and highest of ${rounds} rounds`,
    kind: 'steps',
    x: { label: 'addresses of the network that are given' },
    y: { label: 'latency, ms', scale: 'log' },
    series: PERCENTILES.filter(({ key }) => key !== 'max').map(({ key, name }) => ({
      name,
      points: levels.map(({ percent, latency }) => ({
        x: percent === 100 ? '100 %: refused' : `${percent} %`,
        y: latency[key],
      })),
    })),
  };
}
