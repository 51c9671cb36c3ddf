import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { isSuiteName, SUITE_NAMES, type SuiteName, USUAL } from './suites.ts';

export interface Options {
  readonly suites: readonly SuiteName[];
  /** Every round starts anew, with fresh processes where that can be done. */
  readonly rounds: number;
  /** Undefined: as each suite has them. */
  readonly connections: readonly number[] | undefined;
  /** Requests under way at each node of a cluster. */
  readonly callers: readonly number[];
  /** Seconds of one measurement. */
  readonly seconds: number;
  /** So many requests come before, that the compiler is through with them; not longer than `seconds`. */
  readonly warmUp: { readonly requests: number; readonly seconds: number; readonly connections: number };
  /** Starts of each server for the time to ready. */
  readonly starts: number;
  /** Timed batches of each pool. */
  readonly batches: number;
  /** Allocations in the nearly full /8; the rest of it is excluded. */
  readonly realInLarge: number;
  /** Addresses of the large IPv6 network: given one after the other, and at random. */
  readonly sequential: number;
  readonly random: number;
  /** What a server finds when it starts again; of a cluster, a node. */
  readonly allocations: number;
  readonly held: number;
  /** How often the leader of etcd is killed. */
  readonly kills: number;
  /** Where the journal's temporary folder is made; its disk is what is measured. */
  readonly folder: string;
  /** Where results, tables and plots are written. */
  readonly out: string | undefined;
  readonly quick: boolean;
  readonly format: 'text' | 'markdown' | 'json';
}

export const USAGE = `npm run bench -- [SUITE…] [flags]

  http       allocations over HTTP, beside a raw node:http server
  durable    latency percentiles, and latency against how full a network is
  scale      a pool alone with its last address, and a large IPv6 network
  restart    time until ready with many allocations, and idle
  bulk       many allocations in one request
  cluster    three nodes: rates, one hot network, loss of the leader, a start with many allocations
  peers      PostgreSQL, CNI host-local, Kea and etcd beside ippool; those that are not installed are fetched by apt

Without a name: all but cluster and peers.

  --rounds 5              of each measurement
  --seconds 2             of each measurement
  --connections 1,8,64    of http and durable
  --callers 1,8,64,256    of cluster, at each node
  --allocations 100000    that restart finds
  --kills 5               of the leader
  --folder DIR            where the journal is written: choose the disk that is to be measured (default: the system's
                          temporary folder)
  --out DIR               writes SUITE.json, SUITE.md and the plots there
  --quick                 one short round that shows that everything runs; its figures mean little
  --markdown, --json      instead of text
`;

const MOST = 1000;
/** What a /8 holds, nearly. */
const MOST_ALLOCATIONS = 16_000_000;

/** Reads the command line. Returns undefined when help was asked for. @throws Error that names the word */
export function parseOptions(argv: readonly string[]): Options | undefined {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      rounds: { type: 'string' },
      connections: { type: 'string' },
      callers: { type: 'string' },
      seconds: { type: 'string' },
      allocations: { type: 'string' },
      kills: { type: 'string' },
      folder: { type: 'string' },
      out: { type: 'string' },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick, connections } = values;
  return {
    suites: positionals.length === 0 ? USUAL : [...new Set(positionals.map(suiteName))],
    rounds: whole('rounds', values.rounds ?? (quick ? '1' : '5')),
    connections: connections === undefined ? undefined : wholes('connections', connections),
    callers: wholes('callers', values.callers ?? (quick ? '2' : '1,8,64,256')),
    seconds: positive('seconds', values.seconds ?? (quick ? '0.1' : '2'), MOST),
    warmUp: { requests: 20_000, seconds: quick ? 0.1 : 6, connections: 64 },
    starts: quick ? 1 : 7,
    batches: quick ? 5 : 800,
    realInLarge: quick ? 10_000 : 1_000_000,
    sequential: quick ? 10_000 : 1_000_000,
    random: quick ? 2_000 : 100_000,
    allocations: whole('allocations', values.allocations ?? (quick ? '2000' : '100000'), MOST_ALLOCATIONS),
    held: quick ? 2_000 : 200_000,
    kills: whole('kills', values.kills ?? (quick ? '1' : '5')),
    folder: values.folder ?? tmpdir(),
    out: values.out,
    quick,
    format: values.json ? 'json' : values.markdown ? 'markdown' : 'text',
  };
}

function suiteName(text: string): SuiteName {
  if (isSuiteName(text)) return text;
  throw new Error(`${text}: no suite; there are ${SUITE_NAMES.join(', ')}`);
}

function wholes(flag: string, text: string): number[] {
  return text.split(',').map((part) => whole(flag, part));
}

function whole(flag: string, text: string, most = MOST): number {
  const value = positive(flag, text, most);
  if (Number.isInteger(value)) return value;
  throw new Error(`--${flag} ${text}: must be a whole number`);
}

function positive(flag: string, text: string, most: number): number {
  const value = Number(text);
  if (value > 0 && value <= most) return value;
  throw new Error(`--${flag} ${text}: must be a number above 0, at most ${most}`);
}
