import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import { Servers } from '../servers.ts';
import type { Progress, Suite } from '../suite.ts';
import type { Table } from '../table.ts';
import { type Compacted, compactionTable, measureCompaction } from './compaction.ts';
import { type Held, heldPlot, heldTable, measureHeld } from './full-start.ts';
import { measureStart, type StartFigures, startTable } from './start.ts';

interface Result {
  readonly starts: number;
  readonly empty: readonly StartFigures[];
  readonly held: Held;
  readonly compacted: Compacted;
}

async function measure(options: Options, progress: Progress): Promise<Result> {
  const servers = new Servers(options.folder);
  try {
    return {
      starts: options.starts,
      empty: await measureStart(servers, options, progress),
      held: await measureHeld(servers, options, progress),
      compacted: await measureCompaction(servers, options, progress),
    };
  } finally {
    servers.close();
  }
}

function tables({ starts, empty, held, compacted }: Result): Table[] {
  return [startTable(empty, starts), heldTable(held), compactionTable(compacted)];
}

function plots({ held }: Result): Plot[] {
  return [heldPlot(held)];
}

export const restart: Suite<Result> = { measure, tables, plots };
