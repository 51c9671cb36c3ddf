import { describeMachine } from '../machine.ts';
import { formatSpread } from '../spread.ts';
import { asMarkdown, asText } from '../table.ts';
import { startPlainEtcd } from './etcd.ts';
import { startHostLocal } from './host-local.ts';
import { startIppool } from './ippool.ts';
import { startKea } from './kea.ts';
import { type Options, parseOptions, USAGE } from './options.ts';
import type { Peer, StartPeer } from './peer.ts';
import { Place } from './place.ts';
import { startPostgres } from './postgres.ts';
import { figuresOf, type Measured, peersTable, type Samples } from './report.ts';

// What ippool reaches beside what others take for the same, in turn on the same machine and disk. What is not installed is
// fetched by apt and unpacked, not installed.

const PEERS: Readonly<Record<string, StartPeer>> = {
  postgres: startPostgres,
  'host-local': startHostLocal,
  kea: startKea,
  etcd: startPlainEtcd,
};
/** Whatever hangs, the benchmark ends. */
const LIMIT_MS = 30 * 60_000;

interface Running {
  readonly peer: Peer;
  readonly cases: (Samples & { readonly samples: Samples['samples'][number][] })[];
}

let options: Options | undefined;
try {
  options = parseOptions(process.argv.slice(2), PEERS);
} catch (error) {
  process.stderr.write(`bench peers: ${messageOf(error)}\n`);
  process.exit(2);
}
if (options) await bench(options);
else process.stdout.write(USAGE);

async function bench(options: Options): Promise<void> {
  const place = new Place(options.folder);
  process.env.TMPDIR = place.folder; // whoever makes a folder for temporary files, makes it there
  process.once('exit', () => place.close());
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const) {
    process.once(signal, () => process.exit(code));
  }
  setTimeout(() => {
    process.stderr.write(`the benchmark took longer than ${LIMIT_MS / 60_000} minutes\n`);
    process.exit(1);
  }, LIMIT_MS).unref();

  const machine = describeMachine(place.folder);
  const missing: string[] = [];
  const ippool = running(await startIppool(place, options));
  const peers: Running[] = [];
  for (const name of options.only) {
    progress(`starting ${name}`);
    try {
      peers.push(running(await PEERS[name]!(place, options)));
    } catch (error) {
      missing.push(`Left out: ${name}: ${messageOf(error)}`);
    }
  }
  const most = Math.max(...[ippool, ...peers].map(({ cases }) => cases.length));
  for (let round = 1; round <= options.rounds; round++) {
    // With as many callers next to each other: a change of the machine's mood meets all of them.
    for (let index = 0; index < most; index++) {
      await measure(ippool, index, round);
      for (const each of [...peers]) {
        try {
          await measure(each, index, round);
        } catch (error) {
          missing.push(`Left out: ${each.peer.name}, in round ${round}: ${messageOf(error)}`);
          peers.splice(peers.indexOf(each), 1);
          await each.peer.stop();
        }
      }
    }
  }
  progress('ending');
  const figures = figuresOf(await finished(ippool), await inTurn(peers));
  if (process.stderr.isTTY) progress('');
  if (options.format === 'json') {
    process.stdout.write(`${JSON.stringify({ machine, options, peers: figures, missing }, null, 2)}\n`);
  } else {
    const { cpu, cores, syncMs } = machine;
    const print = options.format === 'markdown' ? asMarkdown : asText;
    process.stdout.write(
      `${cpu}, ${cores} cores; fdatasync of a 4 KiB append: ${formatSpread(syncMs, 3)} ms\n\n` +
        print(peersTable(figures, missing, options)),
    );
  }
}

function running(peer: Peer): Running {
  return { peer, cases: peer.cases.map(({ load, callers }) => ({ load, callers, samples: [] })) };
}

async function measure({ peer, cases }: Running, index: number, round: number): Promise<void> {
  const one = peer.cases[index];
  if (!one) return;
  progress(`round ${round}: ${peer.name}, ${one.load}`);
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

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else process.stderr.write(`${text}\n`);
}
