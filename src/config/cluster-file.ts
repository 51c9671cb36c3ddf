import { existsSync, readFileSync } from 'node:fs';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PoolError } from '../errors.ts';

/** A host and a port, as they were written. */
export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** What cluster.json says: the fields of go-ipam, and `client_addr`, which is ours. */
export interface ClusterFile {
  /** From 1; the same id is the name of the node's member of etcd, and of the node itself. */
  readonly node_id: number;
  /** Members of another cluster do not talk to these. */
  readonly cluster_id: number;
  /** host:port where the other members reach this one. */
  readonly raft_addr: string;
  /** host:port of the API; "": as the settings say. */
  readonly api_addr: string;
  /** host:port where ippool reaches its member; absent: 127.0.0.1, at the port of raft_addr plus 1000. */
  readonly client_addr?: string;
  readonly data_dir: string;
  /** The cluster may be running already. */
  readonly join: boolean;
  /** raft_addr of every member, by node_id. */
  readonly initial_members: Readonly<Record<string, string>>;
  readonly enable_single_node: boolean;
}

export const DEFAULT_DATA_DIR = 'ipam-cluster-data';
const FILE_NAME = 'cluster.json';
/** Where `cluster init` writes, and go-ipam too. */
export const DEFAULT_FILE = `${DEFAULT_DATA_DIR}/${FILE_NAME}`;
const CLIENT_PORTS_ABOVE = 1000;
const MAX_PORT = 65_535;

/** The URL of an address among members. */
export function urlOf({ tls }: { readonly tls: unknown }, address: string): string {
  return `${tls ? 'https' : 'http'}://${address}`;
}

/** @throws PoolError `usage` that names the field and the remedy */
export function readClusterFile(path: string): ClusterFile {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const anew = 'correct it, or delete it and write it anew with ippool cluster init or ippool cluster join';
    const broken = cause instanceof SyntaxError ? `${message}: ${anew}` : message;
    const why = code === 'ENOENT' ? 'there is none: ippool cluster init makes it, --config names it' : broken;
    throw new PoolError('usage', `Cannot read the cluster file ${path}: ${why}`, { field: '--config' }, cause);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new PoolError('usage', `${path} must hold one JSON object`, { field: '--config' });
  }
  return checked(parsed as Record<string, unknown>, (field) => `"${field}" in ${path}`);
}

/**
 * Writes `data_dir`/cluster.json, and makes the folder.
 *
 * @returns its path
 * @throws PoolError `usage` when there is one: nothing is overwritten
 */
export async function writeClusterFile(file: ClusterFile): Promise<string> {
  const path = join(file.data_dir, FILE_NAME);
  const taken = `${path} is there already: name another --data-dir, or delete it`;
  if (existsSync(path)) throw new PoolError('usage', taken, { field: '--data-dir' });
  try {
    await mkdir(file.data_dir, { recursive: true, mode: 0o700 });
    await writeWhole(path, `${JSON.stringify(file, undefined, 2)}\n`);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST') throw new PoolError('usage', taken, { field: '--data-dir' }, cause);
    throw new PoolError('usage', `--data-dir: cannot write ${path}: ${message}`, { field: '--data-dir' }, cause);
  }
  return path;
}

/** A file is there whole and durably, or not at all; one that is there stays. A rename would take the place of that. */
async function writeWhole(path: string, text: string): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    const file = await open(temporary, 'w', 0o644);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await link(temporary, path);
  } finally {
    await unlink(temporary).catch(() => undefined); // it may never have been made
  }
  const folder = await open(dirname(path));
  await folder.sync().finally(() => folder.close());
}

/**
 * Checks what a file or the flags of `cluster init` say.
 *
 * @param nameOf what a field is called where it was read
 * @throws PoolError `usage`
 */
export function checked(values: Readonly<Record<string, unknown>>, nameOf: (field: string) => string): ClusterFile {
  const refuse = (field: string, rule: string): PoolError =>
    new PoolError('usage', `${nameOf(field)} ${rule}`, { field });
  const whole = (field: string): number => {
    const value = values[field];
    if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
    throw refuse(field, 'must be a whole number from 1');
  };
  const text = (field: string, rule: string, fallback?: string): string => {
    const value = values[field] ?? fallback;
    if (typeof value === 'string' && value !== '') return value;
    throw refuse(field, `must be ${rule}`);
  };
  const address = (field: string, example: string): string => {
    const value = text(field, `host:port, such as ${example}`);
    if (parseHostPort(value)) return value;
    throw refuse(field, `${JSON.stringify(value)} must be host:port, such as ${example}`);
  };
  const flag = (field: string): boolean => {
    const value = values[field] ?? false;
    if (typeof value === 'boolean') return value;
    throw refuse(field, 'must be true or false');
  };
  const node_id = whole('node_id');
  const raft_addr = address('raft_addr', 'node1.example.com:5001');
  const enable_single_node = flag('enable_single_node');
  const members = membersOf(values.initial_members ?? {}, (rule) => refuse('initial_members', rule));
  const isAlone = Object.keys(members).length === 0;
  if (isAlone && !enable_single_node) {
    const rule = `must name every member, such as 1:${raft_addr},2:host2:5002; or set ${nameOf('enable_single_node')}`;
    throw refuse('initial_members', rule);
  }
  const join = flag('join');
  const listed = members[String(node_id)];
  if (!isAlone && listed === undefined && !join) throw refuse('initial_members', `lacks this node, ${node_id}`);
  if (listed !== undefined && listed !== raft_addr) {
    throw refuse(
      'initial_members',
      `says ${listed} for this node, ${node_id}, and ${nameOf('raft_addr')} ${raft_addr}`,
    );
  }
  return {
    node_id,
    cluster_id: whole('cluster_id'),
    raft_addr,
    api_addr: [undefined, null, ''].includes(values.api_addr as string) ? '' : address('api_addr', '127.0.0.1:8080'),
    ...(values.client_addr === undefined ? {} : { client_addr: address('client_addr', '127.0.0.1:2379') }),
    data_dir: text('data_dir', 'a folder'),
    join,
    initial_members: isAlone ? { [String(node_id)]: raft_addr } : members,
    enable_single_node,
  };
}

/** Members as go-ipam writes them on the command line: `1:host1:5001,2:host2:5002`. Undefined: not so. */
export function parseMembers(text: string): Record<string, string> | undefined {
  const members: Record<string, string> = {};
  for (const part of text.split(',')) {
    const [, id, address] = /^\s*(\d{1,15}):(.+?)\s*$/.exec(part) ?? [];
    if (id === undefined || address === undefined || members[Number(id)] !== undefined) return undefined;
    members[Number(id)] = address;
  }
  return members;
}

/** `host:port`, `[v6]:port`; undefined: neither. */
export function parseHostPort(text: string): HostPort | undefined {
  const [, v6, name, digits] = /^(?:\[([\da-fA-F:.]+)\]|([\w.-]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = v6 ?? name;
  const port = Number(digits);
  return host !== undefined && port >= 1 && port <= MAX_PORT ? { host, port } : undefined;
}

/** Where ippool reaches the node's own member. */
export function clientAddress({ client_addr, raft_addr }: ClusterFile): string {
  if (client_addr !== undefined) return client_addr;
  const port = parseHostPort(raft_addr)?.port ?? 0;
  return `127.0.0.1:${port + CLIENT_PORTS_ABOVE <= MAX_PORT ? port + CLIENT_PORTS_ABOVE : port - CLIENT_PORTS_ABOVE}`;
}

function membersOf(value: unknown, refuse: (rule: string) => PoolError): Record<string, string> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse('must be an object such as {"1":"host1:5001"}');
  }
  const members: Record<string, string> = {};
  for (const [id, address] of Object.entries(value)) {
    if (!/^[1-9]\d{0,14}$/.test(id))
      throw refuse(`names the node ${JSON.stringify(id)}: it must be a whole number from 1`);
    if (typeof address !== 'string' || !parseHostPort(address)) {
      throw refuse(`must say host:port for node ${id}, not ${JSON.stringify(address)}`);
    }
    const double = Object.entries(members).find(([, other]) => other === address);
    if (double) throw refuse(`has ${address} twice, for node ${double[0]} and node ${id}`);
    members[id] = address;
  }
  return members;
}
