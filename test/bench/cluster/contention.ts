import type { Etcd } from '../../support/etcd.ts';
import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';
import { NODES } from './nodes.ts';
import type { Count } from './worker.ts';
import { Workers } from './workers.ts';

const CALLERS = 64;
/** Seconds within which a /20 is full, or something is wrong. */
const LIMIT = 120;
const CASES = [
  { name: '/20, 1 node', cidr: '10.0.0.0/20', nodes: 1 },
  { name: `/20, ${NODES} nodes`, cidr: '10.0.0.0/20', nodes: NODES },
  { name: `/16, ${NODES} nodes`, cidr: '10.0.0.0/16', nodes: NODES },
] as const;

export interface Contention {
  readonly rounds: number;
  readonly seconds: number;
  readonly cases: readonly {
    readonly name: string;
    /** Allocations in one round. */
    readonly done: Spread;
    /** Allocations a second. */
    readonly rate: Spread;
    /** Percent of the allocations that met another node's, and were decided anew. */
    readonly conflicts: Spread;
    readonly failed: number;
    /** The slowest request, milliseconds. */
    readonly worst: number;
  }[];
}

/** How often nodes are in each other's way when all of them want addresses of one network, until it is full. */
export async function measureContention(etcd: Etcd, options: Options, progress: Progress): Promise<Contention> {
  const { rounds, seconds, quick } = options;
  const taken = CASES.map((of) => ({ ...of, counts: [] as Count[] }));
  const workers = new Workers(NODES);
  try {
    for (let round = quick ? 1 : 0; round <= rounds; round++) {
      for (const { name, cidr, nodes, counts } of taken) {
        progress(round === 0 ? `${name}: warming up` : `${name}: round ${round} of ${rounds}`);
        const prefix = `/hot-${cidr.slice(-2)}-${nodes}-${round}/`;
        await workers.prepare({ kind: 'service', endpoints: etcd.endpoints, prefix, cidr }, nodes);
        const untilFull = cidr.endsWith('/20') && !quick && round > 0;
        const count = await workers.run({ callers: CALLERS, seconds: untilFull ? LIMIT : seconds }, nodes);
        if (round > 0) counts.push(count);
      }
    }
  } finally {
    workers.close();
  }
  return {
    ...{ rounds, seconds },
    cases: taken.map(({ name, counts }) => ({
      name,
      done: spreadOf(counts.map(({ done }) => done)),
      rate: spreadOf(counts.map(({ done, seconds }) => done / seconds)),
      conflicts: spreadOf(counts.map(({ done, conflicts }) => (100 * conflicts) / done)),
      failed: counts.reduce((sum, { failed }) => sum + failed, 0),
      worst: Math.max(...counts.map(({ worst }) => worst)),
    })),
  };
}

/** The table of {@link measureContention}. */
export function contentionTable({ rounds, seconds, cases }: Contention): Table {
  return {
    title: 'Contention on one network',
    head: ['network', 'allocations/s', 'decided anew, %', 'allocations', 'slowest, ms', 'failed'],
    rows: cases.map(({ name, done, rate, conflicts, failed, worst }) => [
      name,
      formatSpread(rate, 0),
      formatSpread(conflicts, 2),
      formatSpread(done, 0),
      formatNumber(worst, 0),
      formatNumber(failed, 0),
    ]),
    notes: [
      `${CALLERS} callers a node, without HTTP. The /20 from empty until it is full, the /16 for ${seconds} s. Decided anew: another node had just given the address.`,
      `Median (lowest–highest) of ${rounds} rounds in turn, each in a new network, after a warm-up.`,
    ],
  };
}

/** The plots of {@link measureContention}. */
export function contentionPlots({ rounds, cases }: Contention): Plot[] {
  const common = {
    note: `Bars: median, whiskers: lowest and highest of ${rounds} rounds`,
    kind: 'bars',
    x: { label: `network and nodes, ${CALLERS} callers a node` },
  } as const;
  const series = (name: string, key: 'rate' | 'conflicts') => [
    { name, points: cases.map((of) => ({ x: of.name, y: of[key] })) },
  ];
  return [
    {
      ...common,
      name: 'contention-rate',
      title: 'Allocations in one network',
      y: { label: 'allocations a second', scale: 'linear' },
      series: series('allocations', 'rate'),
    },
    {
      ...common,
      name: 'contention-anew',
      title: 'Allocations in one network that had to be decided anew',
      y: { label: 'decided anew, % of the allocations', scale: 'linear' },
      series: series('decided anew', 'conflicts'),
    },
  ];
}
