import { setTimeout as delay } from 'node:timers/promises';
import { residentMiB } from '../machine.ts';
import type { Options } from '../options.ts';
import type { Servers } from '../servers.ts';
import { formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';

/** What was needed for the start alone is given back, or not, within this time. */
const SETTLE_MS = 500;
const KINDS = ['koa', 'ippool'] as const;

export interface StartFigures {
  readonly kind: (typeof KINDS)[number];
  /** Milliseconds from spawn to ready. */
  readonly readyMs: Spread;
  readonly idleMiB: Spread;
}

/** Time to ready with an empty data folder, and idle memory, next to a bare Koa app, in turn. */
export async function measureStart(servers: Servers, { starts }: Options, progress: Progress): Promise<StartFigures[]> {
  const samples = KINDS.map((kind) => ({ kind, ready: [] as number[], idle: [] as number[] }));
  for (let run = 1; run <= starts; run++) {
    for (const { kind, ready, idle } of samples) {
      progress(`start ${run} of ${starts}: ${kind}`);
      const server = await servers.start(kind, { pin: false });
      await delay(SETTLE_MS);
      ready.push(server.startMs);
      idle.push(residentMiB(server.pid));
      await server.stop();
    }
  }
  return samples.map(({ kind, ready, idle }) => ({ kind, readyMs: spreadOf(ready), idleMiB: spreadOf(idle) }));
}

/** The table of {@link measureStart}. */
export function startTable(figures: readonly StartFigures[], starts: number): Table {
  const names = { koa: 'bare Koa app', ippool: 'ippool' };
  return {
    title: 'Start and idle memory',
    head: ['server', 'spawn to ready, ms', 'idle RSS, MiB'],
    rows: figures.map(({ kind, readyMs, idleMiB }) => [
      names[kind],
      formatSpread(readyMs, 0),
      formatSpread(idleMiB, 1),
    ]),
    notes: [
      `Median (lowest–highest) of ${starts} starts in turn; ippool with its journal in a new folder and its default network.`,
    ],
  };
}
