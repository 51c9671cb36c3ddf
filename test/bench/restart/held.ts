import { cpSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { formatAddress } from '../../../src/net/address.ts';
import type { IpAllocated, PoolEvent } from '../../../src/pool/events.ts';
import { createFolder } from '../../../src/store/journal/create.ts';
import { cpuMicroseconds, peakMiB, residentMiB } from '../machine.ts';
import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import type { Servers } from '../servers.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';

export const HELD_NETWORK = '10.0.0.0/8';
const KINDS = ['lines', 'ippool'] as const;
/** What was needed for the start alone is given back, or not, within this time. */
const SETTLE_MS = 500;
type Kind = (typeof KINDS)[number];
const NAMES: Readonly<Record<Kind, string>> = { lines: 'JSON.parse of the lines', ippool: 'ippool' };

interface Sample {
  readonly readyMs: number;
  readonly cpuMs: number;
  readonly peakMiB: number;
  readonly settledMiB: number;
}

export interface Held {
  readonly rounds: number;
  readonly sizes: readonly {
    readonly allocations: number;
    readonly servers: Readonly<Record<Kind, Readonly<Record<keyof Sample, Spread>>>>;
    /** ippool ÷ JSON.parse, of the two that stand next to each other. */
    readonly ratio: Spread;
    /** Of ippool: the most that it ever had, by what it keeps. */
    readonly memory: Spread;
  }[];
}

/** Starts on a data folder with many allocations, beside a process that only parses the same lines, in turn. */
export async function measureHeld(servers: Servers, options: Options, progress: Progress): Promise<Held> {
  const { rounds, allocations, quick } = options;
  const sizes = [];
  for (const count of (quick ? [1] : [0.01, 0.1, 1]).map((share) => Math.ceil(share * allocations))) {
    progress(`writing ${formatNumber(count, 0)} allocations`);
    const folder = servers.makeFolder();
    await createFolder(folder, { families: ['pool'], events: heldEvents(count) }, '2026-01-01T00:00:00.000Z');
    const samples: Record<Kind, Sample[]> = { lines: [], ippool: [] };
    // The first is the warm-up: from then on the kernel has the files in memory.
    for (let round = quick ? 1 : 0; round <= rounds; round++) {
      for (const kind of KINDS) {
        progress(`${formatNumber(count, 0)} allocations, round ${round} of ${rounds}: ${NAMES[kind]}`);
        const sample = await start(servers, kind, folder);
        if (round > 0) samples[kind].push(sample);
      }
    }
    const { lines, ippool } = samples;
    sizes.push({
      allocations: count,
      servers: { lines: summary(lines), ippool: summary(ippool) },
      memory: spreadOf(ippool.map(({ peakMiB, settledMiB }) => peakMiB / settledMiB)),
      ratio: spreadOf(ippool.map(({ readyMs }, i) => readyMs / (lines[i]?.readyMs ?? Number.NaN))),
    });
  }
  return { rounds, sizes };
}

/** A start may write: it gets a copy. */
async function start(servers: Servers, kind: Kind, folder: string): Promise<Sample> {
  const data = servers.makeFolder();
  cpSync(folder, data, { recursive: true, filter: (path) => !path.endsWith('/LOCK') });
  const args = kind === 'ippool' ? ['--network', HELD_NETWORK] : [];
  const server = await servers.start(kind, { args, pin: false, data });
  const cpuMs = cpuMicroseconds(server.pid) / 1000;
  await delay(SETTLE_MS);
  const { pid, startMs: readyMs } = server;
  const sample = { readyMs, cpuMs, peakMiB: peakMiB(pid), settledMiB: residentMiB(pid) };
  await server.stop();
  return sample;
}

/** A network and its first `count` addresses. */
export function* heldEvents(count: number): Generator<PoolEvent> {
  const origin = { at: 1_767_225_600_000, actor: 'bench', request_id: 'r' };
  const network = { network: 'default', cidr: HELD_NETWORK, gateway: '10.0.0.1', excluded: [] };
  yield { type: 'network_added', ...network, strategy: 'round-robin', ...origin };
  for (let n = 0; n < count; n++) {
    const ip = formatAddress(4, 0x0a00_0002n + BigInt(n));
    const vm_id = `vm-${String(n).padStart(14, '0')}`;
    yield { type: 'ip_allocated', network: 'default', ip, vm_id, nic: '', ...origin } satisfies IpAllocated;
  }
}

function summary(samples: readonly Sample[]): Held['sizes'][number]['servers'][Kind] {
  const of = (key: keyof Sample) => spreadOf(samples.map((sample) => sample[key]));
  return { readyMs: of('readyMs'), cpuMs: of('cpuMs'), peakMiB: of('peakMiB'), settledMiB: of('settledMiB') };
}

/** The table of {@link measureHeld}. */
export function heldTable({ rounds, sizes }: Held): Table {
  return {
    title: 'Start on a data folder with allocations',
    head: [
      'allocations',
      'process',
      'spawn to ready, ms',
      'CPU, ms',
      'peak RSS, MiB',
      'settled RSS, MiB',
      'ippool ÷ parse, time',
      'peak ÷ settled',
    ],
    rows: sizes.flatMap(({ allocations, servers, ratio, memory }) =>
      KINDS.map((kind) => [
        formatNumber(allocations, 0),
        NAMES[kind],
        formatSpread(servers[kind].readyMs, 0),
        formatSpread(servers[kind].cpuMs, 0),
        formatSpread(servers[kind].peakMiB, 0),
        formatSpread(servers[kind].settledMiB, 0),
        kind === 'ippool' ? formatSpread(ratio, 2) : '',
        kind === 'ippool' ? formatSpread(memory, 2) : '',
      ]),
    ),
    notes: [
      'JSON.parse: a Node process that reads the same files, parses every line and keeps the objects. Both with the start of Node.',
      `Median (lowest–highest) of ${rounds} starts in turn, after one that is not counted; the files are in the memory of the kernel.`,
    ],
  };
}

/** The plot of {@link measureHeld}. */
export function heldPlot({ rounds, sizes }: Held): Plot {
  return {
    name: 'ready',
    title: 'From spawn to ready on a data folder with allocations',
    note: `Points: median, whiskers: lowest and highest of ${rounds} starts`,
    kind: 'lines',
    x: { label: 'allocations in the folder', scale: 'log' },
    y: { label: 'time, ms', scale: 'log' },
    series: KINDS.map((kind) => ({
      name: NAMES[kind],
      points: sizes.map(({ allocations, servers }) => ({ x: allocations, y: servers[kind].readyMs })),
    })),
  };
}
