import { STRATEGY_NAMES } from '../pool/strategy.ts';

export interface Setting {
  /** Name of the flag and of the key in a file; IPPOOL_NAME in the environment. */
  readonly name: string;
  readonly short?: string;
  readonly kind: 'text' | 'switch' | 'list';
  /** A variable of go-ipam that means the same; IPPOOL_NAME is asked first. */
  readonly variable?: string;
  /** For the help text; `undefined` where it depends. */
  readonly fallback?: string;
  readonly help: string;
}

/** Every setting of `serve`: the one list behind flags, environment, file, help and README. */
export const SETTINGS: readonly Setting[] = [
  {
    name: 'network',
    short: 'n',
    kind: 'text',
    fallback: '172.16.0.0/24',
    help: 'Network to give from: 172.16.0, or a CIDR /8 to /30, IPv6 /16 to /126',
  },
  {
    name: 'gateway',
    short: 'g',
    kind: 'text',
    help: 'Gateway told to the VMs, never given out (default: first host address)',
  },
  {
    name: 'port',
    short: 'p',
    kind: 'text',
    variable: 'IPAM_PORT',
    fallback: '8080',
    help: 'TCP port; 0 picks a free one and prints it',
  },
  {
    name: 'host',
    short: 'H',
    kind: 'text',
    variable: 'IPAM_HOST',
    fallback: '127.0.0.1',
    help: 'Address to listen on',
  },
  { name: 'socket', kind: 'text', help: 'Unix socket to listen on, instead of host and port' },
  {
    name: 'data',
    kind: 'text',
    variable: 'IPAM_DB_PATH',
    fallback: './ippool-data',
    help: 'Folder that remembers everything',
  },
  { name: 'memory', kind: 'switch', help: 'Remember nothing: all allocations are lost at exit' },
  {
    name: 'exclude',
    kind: 'list',
    help: 'Never give out: addresses, ranges a-b, CIDRs, separated by commas; none clears',
  },
  {
    name: 'strategy',
    kind: 'text',
    fallback: 'round-robin',
    help: `How an address is chosen: ${STRATEGY_NAMES.join(', ')}`,
  },
  { name: 'require-existing', kind: 'switch', help: 'Refuse to start with an empty data folder' },
  { name: 'allow-host', kind: 'list', help: 'Further host names under which clients may call, separated by commas' },
  {
    name: 'compact-bytes',
    kind: 'text',
    fallback: '16777216',
    help: 'Compact the journal when it is larger than this',
  },
  {
    name: 'audit-retention',
    kind: 'text',
    fallback: '400',
    help: 'Days for which history and audit are kept; 30 in cluster mode',
  },
  {
    name: 'etcd',
    kind: 'list',
    help: 'Cluster mode: endpoints of etcd, separated by commas; many nodes share what it holds',
  },
  { name: 'etcd-binary', kind: 'text', fallback: 'etcd', help: 'What --cluster runs as its own member of etcd' },
  { name: 'etcd-ca', kind: 'text', help: 'File with the certificates that etcd is known by' },
  { name: 'etcd-cert', kind: 'text', help: 'File with the certificate that etcd knows this node by' },
  { name: 'etcd-key', kind: 'text', help: 'File with the key of that certificate' },
  { name: 'etcd-prefix', kind: 'text', fallback: '/ippool/v1/', help: 'Where everything is in etcd' },
  { name: 'node-id', kind: 'text', help: 'Name of this node, which no other has (default: the host name)' },
  { name: 'advertise-url', kind: 'text', help: 'Where other nodes reach this one (default: where it listens)' },
  { name: 'debug', short: 'd', kind: 'switch', help: 'Log every request' },
];
