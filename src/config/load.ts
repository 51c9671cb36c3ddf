import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { checkedTls, type Tls } from './tls.ts';
import { setIn, unknownVariables } from './environment.ts';
import { type Address, parseAddress } from '../net/address.ts';
import { type Cidr, enclosingNetwork, formatCidr, parseCidr } from '../net/cidr.ts';
import { readClusterFile } from './cluster-file.ts';
import { endpointOf, hostsOf, memberOf, settingsOfFile } from './cluster-settings.ts';
import type { MemberSettings } from './member-settings.ts';
import { parseRange, type Range } from '../net/range.ts';
import { PREFIX_LENGTHS } from '../pool/decide/network.ts';
import { PoolError } from '../errors.ts';
import { STRATEGY_NAMES, type StrategyName } from '../pool/strategy.ts';
import { type Setting, SETTINGS } from './settings.ts';

export { SETTINGS };

// Settings come from, strongest first: flag, environment, file, default. This is the only reader of process.env.

/** Settings as text or yes/no, as they were found; undefined: nobody said anything. */
export type Raw = Readonly<Record<string, string | boolean | undefined>>;

export interface Config {
  /** Undefined: what the data folder holds, or the default for an empty one. */
  readonly network: Cidr | undefined;
  readonly gateway: Address | undefined;
  readonly exclude: readonly Range[] | undefined;
  readonly strategy: StrategyName | undefined;
  readonly port: number;
  readonly host: string;
  /** Path of the Unix socket to listen on instead of host and port. */
  readonly socket: string | undefined;
  readonly data: string;
  readonly memory: boolean;
  readonly requireExisting: boolean;
  readonly allowedHosts: readonly string[];
  readonly compactBytes: number;
  /** Days. */
  readonly auditRetention: number;
  /** Endpoints of the etcd that nodes share; undefined: this one is alone, with a data folder. */
  readonly etcd: readonly string[] | undefined;
  readonly etcdTls: Tls | undefined;
  readonly etcdPrefix: string;
  /** The member of etcd that this node brings along; undefined: none. */
  readonly member: MemberSettings | undefined;
  readonly nodeId: string;
  /** Undefined: where it listens. */
  readonly advertiseUrl: string | undefined;
  readonly debug: boolean;
  /** Set when systemd waits to be told that the service is ready (sd_notify(3)). */
  readonly notifySocket: string | undefined;
  /** Variables named IPPOOL_… that mean nothing: a misspelt exclusion would be given out. */
  readonly unknownVariables: readonly string[];
}

export const DEFAULT_NETWORK: Cidr = { family: 4, base: 0xac100000n, prefixLength: 24 };
/** For a command on a data folder that nobody serves from. */
export const OFFLINE: Config = {
  network: undefined,
  gateway: undefined,
  exclude: undefined,
  strategy: undefined,
  port: 0,
  host: '127.0.0.1',
  socket: undefined,
  data: '',
  memory: false,
  requireExisting: false,
  allowedHosts: [],
  compactBytes: 16 * 1024 * 1024,
  auditRetention: 400,
  etcd: undefined,
  etcdTls: undefined,
  etcdPrefix: '/ippool/v1/',
  member: undefined,
  nodeId: '',
  advertiseUrl: undefined,
  debug: false,
  notifySocket: undefined,
  unknownVariables: [],
};

export const DEFAULT_STRATEGY: StrategyName = 'round-robin';

/**
 * Puts the settings together and checks every one.
 *
 * @param flags      what stood on the command line; `cluster`: the cluster file of a node with an etcd of its own
 * @param configFile file named by --config, or by IPPOOL_CONFIG when undefined
 * @throws PoolError `usage` that names the setting, where it was read, and the remedy
 */
export function loadConfig(flags: Raw, configFile: string | undefined, env: NodeJS.ProcessEnv = process.env): Config {
  if (configFile === '') throw new PoolError('usage', '--config "" must be a file', { field: '--config' });
  const file = configFile ?? setIn(env, 'IPPOOL_CONFIG');
  const fromFile = file === undefined ? {} : readConfigFile(file);
  const cluster = typeof flags.cluster === 'string' ? readClusterFile(flags.cluster) : undefined;
  const given: Readonly<Record<string, unknown>> = cluster ? settingsOfFile(cluster) : {};
  const values = new Map<string, Found>();
  for (const { name, kind, variable: alias } of SETTINGS) {
    const variable = `IPPOOL_${name.toUpperCase().replaceAll('-', '_')}`;
    const candidates: [unknown, string][] = [
      [flags[name], `--${name}`],
      [setIn(env, variable), variable],
      [alias === undefined ? undefined : setIn(env, alias), alias ?? ''],
      [fromFile[name] ?? undefined, `"${name}" in ${file ?? ''}`],
      [given[name], `what ${String(flags.cluster)} says for ${name}`],
    ];
    const [value, source] = candidates.find(([candidate]) => candidate !== undefined) ?? [];
    if (value !== undefined && source !== undefined) values.set(name, { value, source, kind });
  }
  const text = <T>(name: string, parse: (text: string) => T | undefined, rule: string): T | undefined => {
    const found = values.get(name);
    if (!found) return undefined;
    const written = textOf(found);
    const parsed = written === undefined ? undefined : parse(written);
    if (parsed === undefined || Number.isNaN(parsed)) throw usage(found, rule);
    return parsed;
  };
  const flag = (name: string): boolean => {
    const found = values.get(name);
    const value = found && SWITCH.get(String(found.value).toLowerCase());
    if (found && value === undefined) throw usage(found, 'must be true or false');
    return value ?? false;
  };
  if (flag('memory') && flag('require-existing')) {
    throw new PoolError('usage', '--require-existing asks for data that --memory never has: leave one away', {
      field: 'memory',
    });
  }
  const written = (name: string) => text(name, (value) => value, 'must be one text');
  const member = cluster && memberOf(cluster, written);
  const endpoints = member
    ? [endpointOf(member)]
    : text('etcd', parseEndpoints, 'must be URLs such as http://127.0.0.1:2379, separated by commas');
  const pem = (name: string) => text(name, readPem, 'must be a file in PEM that can be read');
  const files = { ca: pem('etcd-ca'), cert: pem('etcd-cert'), key: pem('etcd-key') };
  if (endpoints && flag('memory')) {
    throw new PoolError('usage', '--memory remembers nothing, --etcd what many nodes share: leave one away', {
      field: 'memory',
    });
  }
  const named = values.get('network');
  const network = text('network', parseNetwork, networkRule(named?.value));
  return {
    network,
    gateway: text('gateway', parseAddress, 'must be an address such as 172.16.0.1 or fd00::1'),
    exclude: text('exclude', parseExclusions, 'must be addresses, ranges a-b or CIDRs, separated by commas, or none'),
    strategy: text(
      'strategy',
      (name) => STRATEGY_NAMES.find((known) => known === name),
      `must be one of ${STRATEGY_NAMES.join(', ')}`,
    ),
    port: text('port', (digits) => wholeNumber(digits, 65_535), 'must be a port from 0 to 65535') ?? 8080,
    host:
      text('host', (host) => (/^[\w.:%-]+$/.test(host) ? host : undefined), 'must be an address or a host name') ??
      '127.0.0.1',
    socket: text('socket', (path) => (isSocketPath(path) ? path : undefined), SOCKET_RULE),
    data:
      text('data', (path) => (path === '' || path.includes('\0') ? undefined : path), 'must be a folder') ??
      './ippool-data',
    memory: flag('memory'),
    requireExisting: flag('require-existing'),
    allowedHosts: [
      hostname(),
      ...(text('allow-host', parseHosts, 'must be host names, separated by commas, or none') ?? []),
    ],
    compactBytes:
      text('compact-bytes', (digits) => wholeNumber(digits, 2 ** 40), 'must be a number of bytes') ?? 16 * 1024 * 1024,
    auditRetention:
      text('audit-retention', (digits) => wholeNumber(digits, 36_500), 'must be a number of days up to 36500') ??
      (endpoints ? 30 : 400),
    etcd: endpoints,
    etcdTls: checkedTls(files, endpoints, member ? hostsOf(member) : []),
    etcdPrefix:
      text(
        'etcd-prefix',
        (path) => (/^\/[\w./-]*$/.test(path) && !OF_A_CLUSTER.test(path) ? path : undefined),
        `must be a path such as /ippool/v1/, without a part named ${PARTS.join(', ').replace(/, (\w+)$/, ' or $1')}`,
      ) ?? '/ippool/v1/',
    member,
    nodeId:
      text(
        'node-id',
        (id) => (/^[\w.-]{1,64}$/.test(id) ? id : undefined),
        'must be 1 to 64 letters, digits, -, _ and .',
      ) ?? hostname(),
    advertiseUrl: text('advertise-url', parseUrl, 'must be a URL such as http://10.0.0.1:8080'),
    debug: flag('debug'),
    notifySocket: env.NOTIFY_SOCKET,
    unknownVariables: unknownVariables(env, SETTINGS),
  };
}

/** For those who read variables that are no settings of the service. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}

interface Found {
  readonly value: unknown;
  readonly source: string;
  readonly kind: Setting['kind'];
}

/** What a cluster calls its own below its prefix: another one in there would be read, and deleted, as a part of it. */
const PARTS = ['ev', 'fence', 'gen', 'ip', 'join', 'mem', 'net', 'node', 'res', 'vm'] as const;
const OF_A_CLUSTER = new RegExp(`/(${PARTS.join('|')})(/|$)`);

const SWITCH: ReadonlyMap<string, boolean> = new Map([
  ['true', true],
  ['1', true],
  ['yes', true],
  ['false', false],
  ['0', false],
  ['no', false],
]);

/** `172.16.0` means 172.16.0.0/24, as in the Rust ippool. */
function parseNetwork(text: string): Cidr | undefined {
  const cidr = parseCidr(/^\d+\.\d+\.\d+$/.test(text) ? `${text}.0/24` : text);
  if (!cidr) return undefined;
  const [largest, smallest] = PREFIX_LENGTHS[cidr.family];
  return cidr.prefixLength >= largest && cidr.prefixLength <= smallest - 2 ? cidr : undefined;
}

function networkRule(value: unknown): string {
  const meant = typeof value === 'string' ? enclosingNetwork(value) : undefined;
  if (meant && formatCidr(meant) !== value) return `has host bits set: the network is ${formatCidr(meant)}`;
  return 'must be three octets such as 172.16.0, or a CIDR from /8 to /30 such as 10.1.0.0/16, or from /16 to /126 such as fd00:1::/64';
}

function parseExclusions(text: string): Range[] | undefined {
  if (text === 'none') return []; // the empty text does not clear: it is what an unset variable leaves of --exclude "$LIST"
  const ranges = text.split(',').map((part) => parseRange(part.trim()));
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

function parseHosts(text: string): string[] | undefined {
  if (text === 'none') return [];
  const hosts = text.split(',').map((host) => host.trim());
  return hosts.every((host) => /^[\w.-]+$/.test(host)) ? hosts : undefined;
}

function parseEndpoints(text: string): string[] | undefined {
  const urls = text.split(',').map((part) => parseUrl(part.trim()));
  return urls.every((url) => url !== undefined) ? urls : undefined;
}

function parseUrl(text: string): string | undefined {
  return /^https?:\/\//.test(text) && URL.canParse(text) ? text : undefined;
}

function readPem(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}

function wholeNumber(digits: string, max: number): number {
  return /^\d{1,15}$/.test(digits) && Number(digits) <= max ? Number(digits) : Number.NaN;
}

/** A setting as one text; undefined when it cannot be one. Only a list may be given as an array, or more than once. */
function textOf({ value, kind }: Pick<Found, 'value' | 'kind'>): string | undefined {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (kind !== 'list' || !Array.isArray(value)) return undefined;
  const texts = value.map((part: unknown) => textOf({ value: part, kind: 'text' }));
  if (texts.includes(undefined)) return undefined;
  return texts.length === 0 ? 'none' : texts.join(',');
}

/** A file holds the same names as the flags. `null` means not set; keys that begin with // are comments. */
function readConfigFile(file: string): Record<string, unknown> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(file, 'utf8'));
  } catch (cause) {
    throw new PoolError(
      'usage',
      `Cannot read the settings in ${file}: ${(cause as Error).message}`,
      { field: 'config' },
      cause,
    );
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new PoolError('usage', `${file} must hold one JSON object`, { field: 'config' });
  }
  const settings = Object.entries(parsed).filter(([key]) => !key.startsWith('//'));
  const known = new Set(SETTINGS.map(({ name }) => name));
  const unknown = settings.find(([key]) => !known.has(key));
  if (unknown)
    throw new PoolError('usage', `Unknown key "${unknown[0]}" in ${file}: see config/default.json for all keys`);
  return Object.fromEntries(settings);
}

function usage({ value, source }: Found, rule: string): PoolError {
  if (Array.isArray(value)) return new PoolError('usage', `${source} is given more than once`, { field: source });
  if (value === '') return new PoolError('usage', `${source} needs a value: it ${rule}`, { field: source });
  return new PoolError('usage', `${source} ${JSON.stringify(value)} ${rule}`, { field: source });
}

/** The kernel's sockaddr_un has room for so many bytes of a path, and its end. */
const SOCKET_PATH_BYTES = 107;
const SOCKET_RULE = `must be a path of at most ${SOCKET_PATH_BYTES} bytes`;

function isSocketPath(path: string): boolean {
  return path !== '' && !path.includes('\0') && Buffer.byteLength(path) <= SOCKET_PATH_BYTES;
}
