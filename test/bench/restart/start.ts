import { setTimeout as delay } from 'node:timers/promises';
import { Door } from '../connection.ts';
import { cpuMicroseconds, residentMiB } from '../machine.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';

/** What was needed for the start alone is given back, or not, within this time. */
const SETTLE_MS = 500;
const KINDS = ['koa', 'ippool'] as const;

interface Sample {
  readonly readyMs: number;
  /** From spawn to the end of the first answer, a 201. */
  readonly firstMs: number;
  /** Until that answer; of the process alone. */
  readonly cpuMs: number;
  readonly idleMiB: number;
}

export interface StartFigures {
  readonly kind: (typeof KINDS)[number];
  readonly figures: Readonly<Record<keyof Sample, Spread>>;
  /** Times Koa, of the two that stand next to each other. */
  readonly ratios: Readonly<Record<keyof Sample, Spread>>;
}

/** Time to ready and to the first address with an empty data folder, and idle memory, next to a bare Koa app, in turn. */
export async function measureStart(servers: Servers, { starts }: Options, progress: Progress): Promise<StartFigures[]> {
  const samples: Record<(typeof KINDS)[number], Sample[]> = { koa: [], ippool: [] };
  for (let run = 1; run <= starts; run++) {
    for (const kind of KINDS) {
      progress(`start ${run} of ${starts}: ${kind}`);
      samples[kind].push(await start(servers, kind));
    }
  }
  return KINDS.map((kind) => ({
    kind,
    figures: summary((key) => samples[kind].map((sample) => sample[key])),
    ratios: summary((key) => samples[kind].map((sample, i) => sample[key] / (samples.koa[i]?.[key] ?? Number.NaN))),
  }));
}

async function start(servers: Servers, kind: (typeof KINDS)[number]): Promise<Sample> {
  const server = await servers.start(kind, { pin: false });
  const door = new Door(server);
  const asked = performance.now();
  await door.post('/ip/allocate', { vm_id: 'vm-1' });
  const firstMs = server.startMs + performance.now() - asked;
  const cpuMs = cpuMicroseconds(server.pid) / 1000;
  door.close();
  await delay(SETTLE_MS);
  const idleMiB = residentMiB(server.pid);
  await server.stop();
  return { readyMs: server.startMs, firstMs, cpuMs, idleMiB };
}

function summary(of: (key: keyof Sample) => number[]): StartFigures['figures'] {
  const spread = (key: keyof Sample) => spreadOf(of(key));
  return { readyMs: spread('readyMs'), firstMs: spread('firstMs'), cpuMs: spread('cpuMs'), idleMiB: spread('idleMiB') };
}

/** The table of {@link measureStart}. */
export function startTable(figures: readonly StartFigures[], starts: number): Table {
  const row = (name: string, of: StartFigures['figures'], [times, memory]: readonly [number, number]) => [
    name,
    formatSpread(of.readyMs, times),
    formatSpread(of.firstMs, times),
    formatSpread(of.cpuMs, times),
    formatSpread(of.idleMiB, memory),
  ];
  const names = { koa: 'bare Koa app', ippool: 'ippool' };
  return {
    title: 'Start and idle memory',
    head: ['server', 'spawn to ready, ms', 'spawn to first 201, ms', 'CPU until then, ms', 'idle RSS, MiB'],
    rows: figures.flatMap(({ kind, figures: own, ratios }) => [
      row(names[kind], own, [0, 1]),
      ...(kind === 'koa' ? [] : [row('ippool ÷ Koa', ratios, [2, 2])]),
    ]),
    notes: [
      `Median (lowest–highest) of ${starts} starts in turn; ippool with its journal in a new folder and its default network.`,
      'The CPU of ippool is that of its own process, without the flock(1) that it calls.',
    ],
  };
}
