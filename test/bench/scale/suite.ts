import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import { Servers } from '../servers.ts';
import type { Progress, Suite } from '../suite.ts';
import type { Table } from '../table.ts';
import { type LargeFigures, largeTable, measureLarge } from './large.ts';
import { measurePool, type PoolFigures, poolTable } from './pool.ts';
import { measureSearch, type SearchFigures, searchTable } from './search.ts';

interface Result {
  readonly realInLarge: number;
  readonly search: SearchFigures;
  readonly pool: readonly PoolFigures[];
  readonly large: LargeFigures;
}

async function measure(options: Options, progress: Progress): Promise<Result> {
  progress('looking for the last address');
  const search = measureSearch(options);
  progress('allocating the last address');
  const pool = measurePool(options);
  const servers = new Servers(options.folder);
  try {
    const large = await measureLarge(servers, options, progress);
    return { realInLarge: options.realInLarge, search, pool, large };
  } finally {
    servers.close();
  }
}

function tables({ search, pool, realInLarge, large }: Result): Table[] {
  return [searchTable(search), poolTable(pool, realInLarge), largeTable(large)];
}

function plots({ pool }: Result): Plot[] {
  return [
    {
      name: 'last',
      title: 'One allocation in the pool alone, without HTTP and disk',
      note: 'Bars: median, whiskers: lowest and highest of all batches',
      kind: 'bars',
      x: { label: 'network' },
      y: { label: 'ns an allocation', scale: 'linear' },
      series: [{ name: 'decide and apply', points: pool.map(({ name, allocate }) => ({ x: name, y: allocate })) }],
    },
  ];
}

export const scale: Suite<Result> = { measure, tables, plots };
