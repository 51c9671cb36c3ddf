import { cpSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { journalName } from '../../../src/store/journal/folder.ts';
import { Log } from '../../../src/store/journal/log.ts';
import type { PoolEvent } from '../../../src/pool/events.ts';
import type { Options } from '../options.ts';
import { measureLoad } from '../sample.ts';
import type { Servers } from '../servers.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';
import { HELD_NETWORK, heldEvents } from './full-start.ts';

const KINDS = ['usual', 'compacting'] as const;
type Kind = (typeof KINDS)[number];
const NAMES: Readonly<Record<Kind, string>> = { usual: 'without', compacting: 'while compacting' };
const CONNECTIONS = 8;
/** What the goals are of; a folder of more takes minutes to write. */
const MOST = 1_000_000;
const RECORDS_A_BATCH = 1000;
const CREATED = '2026-01-01T00:00:00.000Z';
const NEVER_BYTES = 2 ** 40;
/** The warm-up is not enough for this many bytes of journal, the first moments of what is measured are. */
const SPARE_BYTES = 1024 * 1024;
const WARM_UP = 4000;

interface Measured {
  readonly p50: number;
  readonly p99: number;
  readonly holdMs: number;
}

export interface Compacted {
  readonly rounds: number;
  readonly seconds: number;
  readonly allocations: number;
  readonly kinds: Readonly<Record<Kind, Readonly<Record<keyof Measured, Spread>>>>;
  /** While compacting ÷ without, of the two that stand next to each other. */
  readonly ratio: Spread;
}

/** Allocates on a folder with many allocations, while its state is written down and while it is not, in turn. */
export async function measureCompaction(servers: Servers, options: Options, progress: Progress): Promise<Compacted> {
  const { rounds, seconds } = options;
  const allocations = Math.min(options.allocations, MOST);
  progress(`writing a journal of ${formatNumber(allocations, 0)} allocations`);
  const folder = servers.makeFolder();
  await writeJournal(folder, allocations);
  const samples: Record<Kind, Measured[]> = { usual: [], compacting: [] };
  for (let round = 1; round <= rounds; round++) {
    for (const kind of KINDS) {
      progress(`round ${round} of ${rounds}: allocations ${NAMES[kind]}`);
      samples[kind].push(await measureOne(servers, kind, folder, options));
    }
  }
  const { usual, compacting } = samples;
  return {
    ...{ rounds, seconds, allocations },
    kinds: { usual: summary(usual), compacting: summary(compacting) },
    ratio: spreadOf(compacting.map(({ p99 }, round) => p99 / (usual[round]?.p99 ?? Number.NaN))),
  };
}

/** The same twice: with a limit for the journal that is far, and with one that is overstepped behind the warm-up. */
async function measureOne(servers: Servers, kind: Kind, folder: string, options: Options): Promise<Measured> {
  const { seconds, warmUp, quick } = options;
  const data = servers.makeFolder();
  cpSync(folder, data, { recursive: true });
  const limit = statSync(join(data, journalName(0))).size + (quick ? 0 : SPARE_BYTES);
  const server = await servers.start('ippool', {
    args: ['--network', HELD_NETWORK, '--compact-bytes', String(kind === 'usual' ? NEVER_BYTES : limit)],
    pin: true,
    data,
    watched: true,
  });
  const load = servers.startLoad();
  try {
    await measureLoad(load, server, { connections: CONNECTIONS, seconds: warmUp.seconds, requests: WARM_UP });
    await server.longestHold();
    const sample = await measureLoad(load, server, { connections: CONNECTIONS, seconds, requests: MOST });
    const holdMs = await server.longestHold();
    const isCompacted = readdirSync(data).some((name) => name.startsWith('snapshot-'));
    if (isCompacted !== (kind === 'compacting')) throw new Error(`the journal was compacted: ${isCompacted}`);
    return { p50: sample.p50, p99: sample.p99, holdMs };
  } finally {
    load.disconnect();
    await server.stop();
  }
}

/** A network and its first `count` addresses, with nothing but a journal. */
async function writeJournal(folder: string, count: number): Promise<void> {
  const log = await Log.create(folder, 0, 0, CREATED);
  let batch: PoolEvent[] = [];
  const write = async () => {
    await log.append(batch.map((event) => ({ events: [event] })));
    batch = [];
  };
  for (const event of heldEvents(count)) if (batch.push(event) === RECORDS_A_BATCH) await write();
  await write();
  await log.close();
}

function summary(measured: readonly Measured[]): Readonly<Record<keyof Measured, Spread>> {
  const of = (key: keyof Measured) => spreadOf(measured.map((each) => each[key]));
  return { p50: of('p50'), p99: of('p99'), holdMs: of('holdMs') };
}

/** The table of {@link measureCompaction}. */
export function compactionTable({ rounds, seconds, allocations, kinds, ratio }: Compacted): Table {
  return {
    title: `Allocating with ${formatNumber(allocations, 0)} allocations, while the journal is compacted and not`,
    head: ['compaction', 'p50, ms', 'p99, ms', 'longest hold of the event loop, ms', 'p99 ÷ without'],
    rows: KINDS.map((kind) => [
      NAMES[kind],
      formatSpread(kinds[kind].p50, 2),
      formatSpread(kinds[kind].p99, 2),
      formatSpread(kinds[kind].holdMs, 1),
      kind === 'compacting' ? formatSpread(ratio, 2) : '',
    ]),
    notes: [
      'The hold as monitorEventLoopDelay of the server tells it (resolution 1 ms, taken off), collections of garbage included.',
      `Median (lowest–highest) of ${rounds} rounds of ${seconds} s with ${CONNECTIONS} connections; a fresh server every time.`,
    ],
  };
}
