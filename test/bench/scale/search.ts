import { makeOffsets } from '../../../src/collections/make-offsets.ts';
import type { Offsets } from '../../../src/collections/offsets.ts';
import type { Span } from '../../../src/collections/span.ts';
import { pickOne, pickRun, STRATEGY_NAMES, strategyNamed } from '../../../src/pool/strategy.ts';
import type { Options } from '../options.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Table } from '../table.ts';

const BATCH = 1_000;
/** Addresses of a range, and of the only place where it fits. */
const RANGE = 16n;
/** The first address of the place is one of these, so that a prefix fits as well. */
const PLACE = 64n;

/** Nanoseconds of one search, of each strategy, in networks with free addresses in few places. */
export interface SearchFigures {
  readonly networks: readonly string[];
  readonly strategies: readonly { readonly name: string; readonly times: readonly Spread[] }[];
}

type Search = (free: Offsets, space: Span, cursor: bigint) => bigint | undefined;

/** Finding a place that is left; it moves between two batches, and the search begins anywhere. */
export function measureSearch({ batches, random }: Options): SearchFigures {
  const networks = [
    { name: '/8, one place free', bits: 24n, others: 0 },
    { name: '/64, one place free', bits: 64n, others: 0 },
    { name: `/64, and ${formatNumber(random, 0)} addresses free, apart`, bits: 64n, others: random },
  ];
  const searches = searchesOf();
  const times = searches.map(() => networks.map((): number[] => []));
  for (const [n, network] of networks.entries()) {
    const { free, space } = spaceOf(network);
    for (let batch = -Math.ceil(batches / 10); batch < batches; batch++) {
      const place = randomIn(space) & ~(PLACE - 1n);
      for (const [s, { size, search }] of searches.entries()) {
        free.add(place, place + size - 1n);
        if (network.others > 0 && size > 1n) continue;
        const starts = Array.from({ length: BATCH }, () => randomIn(space));
        const time = timeBatch((start) => search(free, space, start), starts);
        free.delete(place, place + size - 1n);
        if (batch >= 0) times[s]?.[n]?.push(time);
      }
    }
  }
  return {
    networks: networks.map(({ name }) => name),
    strategies: searches.map(({ name }, s) => ({ name, times: (times[s] ?? []).map(spreadOf) })),
  };
}

function searchesOf(): { readonly name: string; readonly size: bigint; readonly search: Search }[] {
  const run = (aligned: bigint): Search => {
    const wish = { count: RANGE, aligned, origin: 0n };
    return (free, space, start) => pickRun(free, space, start, wish);
  };
  return [
    ...STRATEGY_NAMES.map((name) => {
      const strategy = strategyNamed(name, Math.random);
      const search: Search = (free, space, cursor) => pickOne(free, space, strategy.start(space, cursor));
      return { name, size: 1n, search };
    }),
    { name: `a range of ${RANGE}`, size: RANGE, search: run(1n) },
    { name: `a prefix of ${RANGE}`, size: RANGE, search: run(RANGE) },
  ];
}

/** A space with nothing free, but for some addresses that are no neighbours. */
function spaceOf({ bits, others }: { readonly bits: bigint; readonly others: number }): { free: Offsets; space: Span } {
  const space = { first: 0n, last: (1n << bits) - 1n };
  const free = makeOffsets(space.first, space.last + 1n);
  for (let n = 0; n < others; n++) {
    const at = randomIn(space) | 1n; // a neighbour is even
    free.add(at, at);
  }
  return { free, space };
}

function randomIn({ last }: Span): bigint {
  const high = BigInt(Math.floor(Math.random() * 2 ** 32));
  return ((high << 32n) | BigInt(Math.floor(Math.random() * 2 ** 32))) & last;
}

/** Nanoseconds of one search, the mean of a batch. */
function timeBatch(search: (start: bigint) => bigint | undefined, starts: readonly bigint[]): number {
  let found = 0;
  const began = performance.now();
  for (const start of starts) if (search(start) !== undefined) found++;
  const milliseconds = performance.now() - began;
  if (found !== starts.length) throw new Error(`${starts.length - found} searches found nothing`);
  return (milliseconds * 1e6) / starts.length;
}

/** The table of {@link measureSearch}. */
export function searchTable({ networks, strategies }: SearchFigures): Table {
  return {
    title: 'The next free address in a nearly full network: the search alone',
    head: ['ns', ...networks],
    rows: strategies.map(({ name, times }) => [
      name,
      ...times.map((time) => (Number.isNaN(time.median) ? '' : formatSpread(time, 0))),
    ]),
    notes: [
      `The free place is anywhere, and the search begins anywhere. Median (lowest–highest) of batches of ${formatNumber(BATCH, 0)}. Goal: below 1,000.`,
      'In a sparse network ranges and prefixes look at one free piece after the other: that is left out.',
    ],
  };
}
