import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import type { PeerOptions, StartPeer } from './peer.ts';

export interface Options extends PeerOptions {
  readonly rounds: number;
  /** Those to stand beside ippool. */
  readonly only: readonly string[];
  /** What is measured is its disk. */
  readonly folder: string;
  readonly format: 'text' | 'markdown' | 'json';
}

export const USAGE = `peers [--rounds 5] [--seconds 3] [--only host-local,postgres,kea,etcd] [--folder DIR] [--quick] [--markdown | --json]

  --folder   where all of them write: choose the disk that is to be measured (default: the system's temporary folder)
  --quick    one short round that shows that everything runs; its figures mean little
`;

/** Reads the command line. Returns undefined when help was asked for. @throws Error that names the flag */
export function parseOptions(argv: readonly string[], known: Readonly<Record<string, StartPeer>>): Options | undefined {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      only: { type: 'string' },
      folder: { type: 'string' },
      quick: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return undefined;
  const { quick } = values;
  const only = values.only?.split(',') ?? Object.keys(known);
  const unknown = only.find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw new Error(`--only ${unknown}: must be of ${Object.keys(known).join(', ')}`);
  return {
    rounds: whole('rounds', values.rounds ?? (quick ? '1' : '5')),
    seconds: whole('seconds', values.seconds ?? (quick ? '1' : '3')),
    only,
    quick,
    folder: values.folder ?? tmpdir(),
    format: values.json ? 'json' : values.markdown ? 'markdown' : 'text',
  };
}

/** pgbench and perfdhcp count whole seconds. */
function whole(flag: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0 && value <= 60) return value;
  throw new Error(`--${flag} ${text}: must be a whole number from 1 to 60`);
}
