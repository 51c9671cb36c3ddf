import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import type { Progress, Suite } from '../suite.ts';
import type { Table } from '../table.ts';
import { startPlainEtcd } from './etcd.ts';
import { startHostLocal } from './host-local.ts';
import { startIppool } from './ippool.ts';
import { startKea } from './kea.ts';
import type { Peer, StartPeer } from './peer.ts';
import { Place } from './place.ts';
import { startPostgres } from './postgres.ts';
import { type Figures, figuresOf, type Measured, peersTable, type Samples } from './report.ts';

// What ippool reaches beside what others take for the same, in turn on the same machine and disk. What is not installed is
// fetched by apt and unpacked, not installed.

const PEERS: Readonly<Record<string, StartPeer>> = {
  postgres: startPostgres,
  'host-local': startHostLocal,
  kea: startKea,
  etcd: startPlainEtcd,
};

interface Running {
  readonly peer: Peer;
  readonly cases: (Samples & { readonly samples: Samples['samples'][number][] })[];
}

interface Result {
  readonly figures: readonly Figures[];
  /** A sentence for each peer that could not be had. */
  readonly missing: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
}

async function measure({ folder, rounds, quick, seconds: asked }: Options, progress: Progress): Promise<Result> {
  const seconds = Math.ceil(asked); // pgbench and perfdhcp count whole ones
  const place = new Place(folder);
  const { TMPDIR } = process.env;
  process.env.TMPDIR = place.folder; // whoever makes a folder for temporary files, makes it there
  const close = () => place.close();
  process.once('exit', close);
  try {
    const missing: string[] = [];
    const ippool = running(await startIppool(place, { seconds, quick }));
    const peers: Running[] = [];
    for (const [name, start] of Object.entries(PEERS)) {
      progress(`starting ${name}`);
      try {
        peers.push(running(await start(place, { seconds, quick })));
      } catch (error) {
        missing.push(`Left out: ${name}: ${messageOf(error)}`);
      }
    }
    const most = Math.max(...[ippool, ...peers].map(({ cases }) => cases.length));
    for (let round = 1; round <= rounds; round++) {
      const tell = (load: string) => progress(`round ${round}: ${load}`);
      // With as many callers next to each other: a change of the machine's mood meets all of them.
      for (let index = 0; index < most; index++) {
        await sample(ippool, index, tell);
        for (const each of [...peers]) {
          try {
            await sample(each, index, tell);
          } catch (error) {
            missing.push(`Left out: ${each.peer.name}, in round ${round}: ${messageOf(error)}`);
            peers.splice(peers.indexOf(each), 1);
            await each.peer.stop();
          }
        }
      }
    }
    progress('ending');
    return { figures: figuresOf(await finished(ippool), await inTurn(peers)), missing, rounds, seconds };
  } finally {
    process.off('exit', close);
    close();
    if (TMPDIR === undefined) delete process.env.TMPDIR;
    else process.env.TMPDIR = TMPDIR;
  }
}

function tables({ figures, missing, ...run }: Result): Table[] {
  return [peersTable(figures, missing, run)];
}

/** Those that are asked by as many callers; what is asked in another way stands in the table. */
function plots({ figures }: Result): Plot[] {
  const loads = new Set(figures[0]?.cases.map(({ load }) => load));
  const series = figures.map(({ name, unit, cases }) => ({
    name: `${name}, ${unit}s`,
    points: cases.flatMap(({ load, rate }) => (loads.has(load) ? [{ x: load, y: rate }] : [])),
  }));
  return [
    {
      kind: 'bars',
      name: 'rates',
      title: 'Durable, side by side on one machine and disk',
      note: 'Bars: median, whiskers: lowest and highest of the rounds',
      x: { label: '' },
      y: { label: 'a second', scale: 'linear' },
      series: series.filter(({ points }) => points.length > 0),
    },
  ];
}

export const peers: Suite<Result> = { measure, tables, plots };

function running(peer: Peer): Running {
  return { peer, cases: peer.cases.map(({ load, callers }) => ({ load, callers, samples: [] })) };
}

async function sample({ peer, cases }: Running, index: number, tell: (load: string) => void): Promise<void> {
  const one = peer.cases[index];
  if (!one) return;
  tell(`${peer.name}, ${one.load}`);
  cases[index]?.samples.push(await one.measure());
}

async function inTurn(peers: readonly Running[]): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const each of peers) all.push(await finished(each));
  return all;
}

/** What is traced comes last: it is slow. */
async function finished({ peer, cases }: Running): Promise<Measured> {
  const keeps = await peer.keeps().catch(() => 'not determined');
  await peer.stop();
  return { name: peer.name, unit: peer.unit, note: peer.note, keeps, cases };
}

/** The first line of what went wrong. */
function messageOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.split('\n')[0] ?? '';
}
