import { hostname } from 'node:os';
import { checkedTls, type Tls } from './tls.ts';
import { setIn, unknownVariables } from './environment.ts';
import { type Address, parseAddress } from '../net/address.ts';
import type { Cidr } from '../net/cidr.ts';
import type { Range } from '../net/range.ts';
import { readClusterFile } from './cluster-file.ts';
import { endpointOf, hostsOf, memberOf, settingsOfFile } from './cluster-settings.ts';
import type { MemberSettings } from './member-settings.ts';
import { PoolError } from '../errors.ts';
import { STRATEGY_NAMES, type StrategyName } from '../pool/strategy.ts';
import { SETTINGS } from './settings.ts';
import { readSettingsFile } from './settings-file.ts';
import { type Raw, SettingValues } from './setting-values.ts';
import {
  ETCD_PREFIX_RULE,
  networkRule,
  parseEndpoints,
  parseEtcdPrefix,
  parseExclusions,
  parseHost,
  parseHosts,
  parseNetwork,
  parseNodeId,
  parsePath,
  parseSocketPath,
  parseStrategy,
  parseUrl,
  readPem,
  SOCKET_RULE,
  wholeNumber,
} from './setting-parsers.ts';

export { type Raw, SETTINGS };

// The only reader of process.env.

export interface Config {
  /** Undefined: the network in the data folder, or the default for an empty one. */
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
  /** Endpoints of the etcd that the nodes share; undefined: a single node with a data folder. */
  readonly etcd: readonly string[] | undefined;
  readonly etcdTls: Tls | undefined;
  readonly etcdPrefix: string;
  /** The etcd member that this node runs; undefined: none. */
  readonly member: MemberSettings | undefined;
  readonly nodeId: string;
  /** Undefined: the address that the node listens on. */
  readonly advertiseUrl: string | undefined;
  readonly debug: boolean;
  /** Set when systemd waits for a notification that the service is ready (sd_notify(3)). */
  readonly notifySocket: string | undefined;
  /** Variables named IPPOOL_… that are no setting: a misspelt exclusion would be ignored, and its addresses allocated. */
  readonly unknownVariables: readonly string[];
}

export const DEFAULT_NETWORK: Cidr = { family: 4, base: 0xac100000n, prefixLength: 24 };
/** For a command on a data folder that no process serves. */
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
 * Combines the settings from all sources and checks each of them.
 *
 * @param flags      from the command line; `cluster` names the cluster file of a node that runs its own etcd member
 * @param configFile file named by --config, or by IPPOOL_CONFIG when undefined
 * @throws PoolError `usage`; the message names the setting, its source, and the remedy
 */
export function loadConfig(flags: Raw, configFile: string | undefined, env: NodeJS.ProcessEnv = process.env): Config {
  if (configFile === '') throw new PoolError('usage', '--config "" must be a file', { field: '--config' });
  const path = configFile ?? setIn(env, 'IPPOOL_CONFIG');
  const cluster = typeof flags.cluster === 'string' ? readClusterFile(flags.cluster) : undefined;
  const values = new SettingValues({
    flags,
    env,
    file: path === undefined ? undefined : { path, values: readSettingsFile(path) },
    cluster: cluster && { path: String(flags.cluster), values: settingsOfFile(cluster) },
  });
  const text = <T>(name: string, parse: (text: string) => T | undefined, rule: string) =>
    values.text(name, parse, rule);
  const flag = (name: string) => values.flag(name);
  if (flag('memory') && flag('require-existing')) {
    throw new PoolError('usage', '--require-existing needs a data folder, and --memory has none: omit one of them', {
      field: 'memory',
    });
  }
  const written = (name: string) => text(name, (value) => value, 'must be one text');
  const member = cluster && memberOf(cluster, written);
  const endpoints = member
    ? [endpointOf(member)]
    : text('etcd', parseEndpoints, 'must be URLs such as http://127.0.0.1:2379, separated by commas');
  const pem = (name: string) => text(name, readPem, 'must be a readable file in PEM format');
  const files = { ca: pem('etcd-ca'), cert: pem('etcd-cert'), key: pem('etcd-key') };
  if (endpoints && flag('memory')) {
    throw new PoolError('usage', '--memory stores nothing, and --etcd stores data that nodes share: omit one of them', {
      field: 'memory',
    });
  }
  return {
    network: text('network', parseNetwork, networkRule(values.valueOf('network'))),
    gateway: text('gateway', parseAddress, 'must be an address such as 172.16.0.1 or fd00::1'),
    exclude: text('exclude', parseExclusions, 'must be addresses, ranges a-b or CIDRs, separated by commas, or none'),
    strategy: text('strategy', parseStrategy, `must be one of ${STRATEGY_NAMES.join(', ')}`),
    port: text('port', (digits) => wholeNumber(digits, 65_535), 'must be a port from 0 to 65535') ?? 8080,
    host: text('host', parseHost, 'must be an address or a host name') ?? '127.0.0.1',
    socket: text('socket', parseSocketPath, SOCKET_RULE),
    data: text('data', parsePath, 'must be a folder') ?? './ippool-data',
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
    etcdPrefix: text('etcd-prefix', parseEtcdPrefix, ETCD_PREFIX_RULE) ?? '/ippool/v1/',
    member,
    nodeId: text('node-id', parseNodeId, 'must be 1 to 64 letters, digits, -, _ and .') ?? hostname(),
    advertiseUrl: text('advertise-url', parseUrl, 'must be a URL such as http://10.0.0.1:8080'),
    debug: flag('debug'),
    notifySocket: env.NOTIFY_SOCKET,
    unknownVariables: unknownVariables(env, SETTINGS),
  };
}

/** The environment, for variables that are no settings of the service. */
export function environment(): NodeJS.ProcessEnv {
  return process.env;
}
