import type { Client } from '../client/client.ts';
import type { Input } from './input.ts';
import type { Output } from './output.ts';

export interface Flag {
  readonly name: string;
  readonly short?: string;
  readonly kind: 'text' | 'list' | 'switch';
  readonly help: string;
}

/** A command that speaks to the API. */
export interface Command {
  /** Such as `network add`. */
  readonly words: string;
  /** What stands behind the words, for the help text: `[cidr]`. */
  readonly operand?: string;
  readonly help: string;
  readonly flags: readonly Flag[];
  readonly examples?: readonly string[];
  /** Whether `--db` may name a folder that is not there yet. */
  readonly creates?: boolean;
  /** Returns the exit code. Reads all of its input before it asks for the client. */
  run(context: Context): Promise<number>;
}

export interface Context {
  readonly input: Input;
  readonly out: Output;
  /** Connects when first called. */
  readonly client: () => Promise<Client>;
}

/** Flags of every command that speaks to the API. */
export const CONNECTION_FLAGS: readonly Flag[] = [
  { name: 'server', kind: 'text', help: 'URL of the service (IPPOOL_SERVER, default http://127.0.0.1:8080)' },
  { name: 'db', kind: 'text', help: 'Work on this data folder instead; no server may use it (IPAM_DB_PATH)' },
  { name: 'actor', kind: 'text', help: 'Who is asking, for history and audit (default $USER)' },
  { name: 'json', kind: 'switch', help: 'Print JSON' },
];

/** The VRF of the network or address that a command names. */
export const VRF_FLAG: Flag = { name: 'vrf', kind: 'text', help: 'Its VRF, where several have such a network' };

/** The network by its id, name or CIDR; under go-ipam's names too. */
export const NETWORK_FLAGS: readonly Flag[] = [
  { name: 'network', short: 'n', kind: 'text', help: 'The network: its id, name or CIDR' },
  { name: 'network-id', short: 'n', kind: 'text', help: 'The same' },
];
