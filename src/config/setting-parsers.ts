import { readFileSync } from 'node:fs';
import { type Cidr, enclosingNetwork, formatCidr, parseCidr } from '../net/cidr.ts';
import { parseRange, type Range } from '../net/range.ts';
import { PREFIX_LENGTHS } from '../pool/decide/network.ts';
import { STRATEGY_NAMES, type StrategyName } from '../pool/strategy.ts';

// Parsers of settings. Each returns undefined (or NaN, for a number) for a text that it refuses.

/** `172.16.0` stands for 172.16.0.0/24, as in the Rust ippool. */
export function parseNetwork(text: string): Cidr | undefined {
  const cidr = parseCidr(/^\d+\.\d+\.\d+$/.test(text) ? `${text}.0/24` : text);
  if (!cidr) return undefined;
  const [largest, smallest] = PREFIX_LENGTHS[cidr.family];
  return cidr.prefixLength >= largest && cidr.prefixLength <= smallest - 2 ? cidr : undefined;
}

/** What is wrong with a network that {@link parseNetwork} refuses. */
export function networkRule(value: unknown): string {
  const network = typeof value === 'string' ? enclosingNetwork(value) : undefined;
  if (network && formatCidr(network) !== value) return `has host bits set: the network is ${formatCidr(network)}`;
  return 'must be three octets such as 172.16.0, or a CIDR from /8 to /30 such as 10.1.0.0/16, or from /16 to /126 such as fd00:1::/64';
}

/** The empty text does not clear the list, because `--exclude "$LIST"` passes it when the variable is not set. */
export function parseExclusions(text: string): Range[] | undefined {
  if (text === 'none') return [];
  const ranges = text.split(',').map((part) => parseRange(part.trim()));
  return ranges.every((range) => range !== undefined) ? ranges : undefined;
}

export function parseStrategy(text: string): StrategyName | undefined {
  return STRATEGY_NAMES.find((name) => name === text);
}

export function parseHost(text: string): string | undefined {
  return /^[\w.:%-]+$/.test(text) ? text : undefined;
}

export function parseHosts(text: string): string[] | undefined {
  if (text === 'none') return [];
  const hosts = text.split(',').map((host) => host.trim());
  return hosts.every((host) => /^[\w.-]+$/.test(host)) ? hosts : undefined;
}

export function parseEndpoints(text: string): string[] | undefined {
  const urls = text.split(',').map((part) => parseUrl(part.trim()));
  return urls.every((url) => url !== undefined) ? urls : undefined;
}

export function parseUrl(text: string): string | undefined {
  return /^https?:\/\//.test(text) && URL.canParse(text) ? text : undefined;
}

export function parsePath(text: string): string | undefined {
  return text === '' || text.includes('\0') ? undefined : text;
}

/** Bytes of a path in the kernel's sockaddr_un, without the byte that ends it. */
const SOCKET_PATH_BYTES = 107;

export const SOCKET_RULE = `must be a path of at most ${SOCKET_PATH_BYTES} bytes`;

export function parseSocketPath(text: string): string | undefined {
  const path = parsePath(text);
  return path !== undefined && Buffer.byteLength(path) <= SOCKET_PATH_BYTES ? path : undefined;
}

export function parseNodeId(text: string): string | undefined {
  return /^[\w.-]{1,64}$/.test(text) ? text : undefined;
}

/** Names of our keys below a prefix. A prefix with such a part lies inside another cluster, which would delete its keys. */
const KEYS = ['ev', 'fence', 'gen', 'ip', 'join', 'mem', 'net', 'node', 'res', 'vm'] as const;
const INSIDE_A_CLUSTER = new RegExp(`/(${KEYS.join('|')})(/|$)`);

export const ETCD_PREFIX_RULE = `must be a path such as /ippool/v1/, without a part named ${KEYS.join(', ').replace(/, (\w+)$/, ' or $1')}`;

export function parseEtcdPrefix(text: string): string | undefined {
  return /^\/[\w./-]*$/.test(text) && !INSIDE_A_CLUSTER.test(text) ? text : undefined;
}

/** A whole number from 0 to `max`; otherwise NaN. */
export function wholeNumber(digits: string, max: number): number {
  return /^\d{1,15}$/.test(digits) && Number(digits) <= max ? Number(digits) : Number.NaN;
}

export function readPem(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch {
    return undefined;
  }
}
