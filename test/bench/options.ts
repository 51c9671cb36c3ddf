import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';

export interface Options {
  /** Every round starts fresh servers and measures each of them with each number of connections. */
  readonly rounds: number;
  readonly connections: readonly number[];
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
  /** Where the journal's temporary folder is made; its disk is what is measured. */
  readonly folder: string;
  readonly format: 'text' | 'markdown' | 'json';
}

export const USAGE = `npm run bench -- [--rounds 5] [--connections 1,8,64,256] [--seconds 2] [--folder DIR] [--quick] [--markdown | --json]

  --folder   where the journal is written: choose the disk that is to be measured (default: the system's temporary folder)
  --quick    one short round that shows that everything runs; its figures mean little
`;

/** Reads the command line. Returns undefined when help was asked for. @throws Error that names the flag */
export function parseOptions(argv: readonly string[]): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string' },
      connections: { type: 'string' },
      seconds: { type: 'string' },
      folder: { type: 'string' },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick } = values;
  return {
    rounds: positive('rounds', values.rounds ?? (quick ? '1' : '5')),
    connections: (values.connections ?? '1,8,64,256').split(',').map((text) => positive('connections', text)),
    seconds: positive('seconds', values.seconds ?? (quick ? '0.1' : '2')),
    warmUp: { requests: 20_000, seconds: quick ? 0.1 : 6, connections: 64 },
    starts: quick ? 1 : 7,
    batches: quick ? 5 : 800,
    realInLarge: quick ? 10_000 : 1_000_000,
    sequential: quick ? 20_000 : 1_000_000,
    random: quick ? 2_000 : 100_000,
    folder: values.folder ?? tmpdir(),
    format: values.json ? 'json' : values.markdown ? 'markdown' : 'text',
  };
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 1000) return value;
  throw new Error(`--${flag} ${text}: must be a number above 0, at most 1000`);
}
