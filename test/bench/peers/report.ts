import { formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Table } from '../table.ts';
import type { Sample } from './peer.ts';

/** All rounds of one case. */
export interface Samples {
  readonly load: string;
  readonly callers: number | undefined;
  readonly samples: readonly Sample[];
}

export interface Measured {
  readonly name: string;
  readonly unit: string;
  readonly keeps: string;
  readonly note: string;
  readonly cases: readonly Samples[];
}

export interface Figures {
  readonly name: string;
  readonly unit: string;
  readonly keeps: string;
  readonly note: string;
  readonly cases: readonly {
    readonly load: string;
    readonly rate: Spread;
    readonly cpu: Spread;
    /** ippool ÷ peer, of as many callers in the same round. */
    readonly ratio: Spread;
  }[];
}

export function figuresOf(ippool: Measured, peers: readonly Measured[]): Figures[] {
  return [ippool, ...peers].map(({ cases, ...peer }) => ({
    ...peer,
    cases: cases.map(({ load, callers, samples }) => {
      const own = peer.name === ippool.name ? undefined : ippool.cases.find((other) => other.callers === callers);
      return {
        load,
        rate: spreadOf(samples.map(({ rate }) => rate)),
        cpu: spreadOf(samples.map(({ cpu }) => cpu)),
        ratio: spreadOf(own ? samples.map(({ rate }, round) => (own.samples[round]?.rate ?? Number.NaN) / rate) : []),
      };
    }),
  }));
}

/** @param missing a sentence for each peer that could not be had */
export function peersTable(
  figures: readonly Figures[],
  missing: readonly string[],
  { rounds, seconds }: { readonly rounds: number; readonly seconds: number },
): Table {
  return {
    title: 'ippool and what others take for it, side by side on this machine and disk',
    head: ['', 'load', 'unit', 'kept', 'units/s', 'CPU µs/unit', 'ippool ÷ it'],
    rows: figures.flatMap(({ name, unit, keeps, cases }) =>
      cases.map(({ load, rate, cpu, ratio }) => [
        name,
        load,
        unit,
        keeps,
        formatSpread(rate, rate.median < 100 ? 1 : 0),
        formatSpread(cpu, 0),
        formatSpread(ratio, ratio.median < 10 ? 2 : 0),
      ]),
    ),
    notes: [
      ...figures.map(({ note }) => note),
      `Median (lowest–highest) of ${rounds} interleaved round${rounds === 1 ? '' : 's'} of ${seconds} s each. CPU: all processes of the server, not of the load. The callers of ippool and etcd are Node; pgbench and perfdhcp are cheaper, and share the machine too. Nothing is pinned to a core.`,
      ...missing,
    ],
  };
}
