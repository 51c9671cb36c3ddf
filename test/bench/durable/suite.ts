import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import { Servers } from '../servers.ts';
import type { Progress, Suite } from '../suite.ts';
import type { Table } from '../table.ts';
import { type Fill, fillPlot, fillTable, measureFill } from './fill.ts';
import { measurePercentiles, type Percentiles, percentilesPlot, percentilesTable } from './percentiles.ts';

interface Result {
  readonly percentiles: Percentiles;
  readonly fill: Fill;
}

async function measure(options: Options, progress: Progress): Promise<Result> {
  const servers = new Servers(options.folder);
  try {
    return {
      percentiles: await measurePercentiles(servers, options, progress),
      fill: await measureFill(servers, options, progress),
    };
  } finally {
    servers.close();
  }
}

function tables({ percentiles, fill }: Result): Table[] {
  return [percentilesTable(percentiles), fillTable(fill)];
}

function plots({ percentiles, fill }: Result): Plot[] {
  return [percentilesPlot(percentiles), fillPlot(fill)];
}

export const durable: Suite<Result> = { measure, tables, plots };
