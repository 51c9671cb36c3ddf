import assert from 'node:assert/strict';
import { hostname } from 'node:os';
import { describe, it } from 'node:test';
import { type Config, loadConfig, type Raw, SETTINGS } from '../../src/config/load.ts';
import { formatAddress } from '../../src/net/address.ts';
import { formatCidr } from '../../src/net/cidr.ts';
import { formatRange } from '../../src/net/range.ts';
import { fileWith, variableOf } from './scratch.ts';

/** One setting with four values that differ by source; `read` makes them comparable. */
interface Row {
  readonly name: string;
  readonly flag: string | boolean;
  readonly env: string;
  readonly file: unknown;
  readonly read: (config: Config) => unknown;
  readonly expected: readonly [flag: unknown, env: unknown, file: unknown, fallback: unknown];
}

const ROWS: readonly Row[] = [
  {
    name: 'network',
    flag: '10.1.0.0/16',
    env: '10.2.0',
    file: '10.3.0.0/24',
    read: ({ network }) => network && formatCidr(network),
    expected: ['10.1.0.0/16', '10.2.0.0/24', '10.3.0.0/24', undefined],
  },
  {
    name: 'gateway',
    flag: '172.16.0.11',
    env: '172.16.0.12',
    file: '172.16.0.13',
    read: ({ gateway }) => gateway && formatAddress(gateway.family, gateway.value),
    expected: ['172.16.0.11', '172.16.0.12', '172.16.0.13', undefined],
  },
  { name: 'port', flag: '1', env: '2', file: 3, read: ({ port }) => port, expected: [1, 2, 3, 8080] },
  {
    name: 'host',
    flag: '127.0.0.2',
    env: '::1',
    file: 'localhost',
    read: ({ host }) => host,
    expected: ['127.0.0.2', '::1', 'localhost', '127.0.0.1'],
  },
  {
    name: 'socket',
    flag: '/run/a',
    env: '/run/b',
    file: 'c',
    read: ({ socket }) => socket,
    expected: ['/run/a', '/run/b', 'c', undefined],
  },
  {
    name: 'data',
    flag: 'a',
    env: 'b',
    file: 'c',
    read: ({ data }) => data,
    expected: ['a', 'b', 'c', './ippool-data'],
  },
  {
    name: 'exclude',
    flag: '172.16.0.5',
    env: '172.16.0.6-172.16.0.7, 172.16.0.9',
    file: ['172.16.0.8/30', '172.16.0.3'],
    read: ({ exclude }) => exclude?.map(formatRange),
    expected: [
      ['172.16.0.5'],
      ['172.16.0.6-172.16.0.7', '172.16.0.9'],
      ['172.16.0.8-172.16.0.11', '172.16.0.3'],
      undefined,
    ],
  },
  {
    name: 'strategy',
    flag: 'lowest',
    env: 'random',
    file: 'round-robin',
    read: ({ strategy }) => strategy,
    expected: ['lowest', 'random', 'round-robin', undefined],
  },
  {
    name: 'allow-host',
    flag: 'a.example',
    env: 'b.example,c.example',
    file: ['d.example'],
    read: ({ allowedHosts }) => allowedHosts.slice(1), // the first is the name of this machine
    expected: [['a.example'], ['b.example', 'c.example'], ['d.example'], []],
  },
  {
    name: 'compact-bytes',
    flag: '1',
    env: '2',
    file: 3,
    read: ({ compactBytes }) => compactBytes,
    expected: [1, 2, 3, 16 * 1024 * 1024],
  },
  {
    name: 'audit-retention',
    flag: '30',
    env: '0',
    file: 36_500,
    read: ({ auditRetention }) => auditRetention,
    expected: [30, 0, 36_500, 400],
  },
  {
    name: 'etcd',
    flag: 'http://127.0.0.1:2379',
    env: 'http://a:1, https://b:2',
    file: ['http://c:3'],
    read: ({ etcd }) => etcd,
    expected: [['http://127.0.0.1:2379'], ['http://a:1', 'https://b:2'], ['http://c:3'], undefined],
  },
  ...(['ca', 'cert', 'key'] as const).map((part) => ({
    name: `etcd-${part}`,
    flag: fileWith('flag'),
    env: fileWith('env'),
    file: fileWith('file'),
    read: ({ etcdTls }: Config) => etcdTls?.[part]?.toString(),
    expected: ['flag', 'env', 'file', undefined] as const,
  })),
  {
    name: 'etcd-prefix',
    flag: '/a/',
    env: '/b',
    file: '/c/d',
    read: ({ etcdPrefix }) => etcdPrefix,
    expected: ['/a/', '/b', '/c/d', '/ippool/v1/'],
  },
  {
    name: 'node-id',
    flag: 'a',
    env: 'b',
    file: 'c',
    read: ({ nodeId }) => nodeId,
    expected: ['a', 'b', 'c', hostname()],
  },
  {
    name: 'advertise-url',
    flag: 'http://a:1',
    env: 'https://b',
    file: 'http://[::1]:3',
    read: ({ advertiseUrl }) => advertiseUrl,
    expected: ['http://a:1', 'https://b', 'http://[::1]:3', undefined],
  },
  ...(['memory', 'require-existing', 'debug'] as const).map((name) => ({
    name,
    flag: false,
    env: 'yes',
    file: true,
    read: (config: Config) =>
      ({ memory: config.memory, 'require-existing': config.requireExisting, debug: config.debug })[name],
    expected: [false, true, true, false] as const,
  })),
];

describe('setting sources', () => {
  it('has a row in this test for every setting', () => {
    // The binary of the node's own etcd member is read together with the cluster file: see the next test.
    const others = SETTINGS.filter(({ name }) => name !== 'etcd-binary');
    assert.deepEqual(ROWS.map(({ name }) => name).sort(), others.map(({ name }) => name).sort());
  });

  for (const { name, flag, env, file, read, expected } of ROWS) {
    it(`takes ${name} from the flag, then the environment, then the file, then the default`, () => {
      const path = fileWith({ [name]: file });
      const variables = { [variableOf(name)]: env };
      assert.deepEqual(read(loadConfig({ [name]: flag }, path, variables)), expected[0]);
      assert.deepEqual(read(loadConfig({}, path, variables)), expected[1]);
      assert.deepEqual(read(loadConfig({}, path, {})), expected[2]);
      assert.deepEqual(read(loadConfig({}, undefined, {})), expected[3]);
      // Empty variables and null in a file are how templates say "not set".
      assert.deepEqual(read(loadConfig({}, fileWith({ [name]: null }), { [variableOf(name)]: '' })), expected[3]);
    });
  }

  it('takes etcd-binary with a cluster file: from the flag, then the environment, then the default', () => {
    const cluster = fileWith({
      node_id: 1,
      cluster_id: 1,
      raft_addr: 'localhost:5001',
      api_addr: '',
      data_dir: 'data',
      join: false,
      initial_members: { 1: 'localhost:5001' },
      enable_single_node: true,
    });
    const env = { IPPOOL_ETCD_BINARY: '/env/etcd' };
    const read = (flags: Raw, variables: NodeJS.ProcessEnv) =>
      loadConfig({ cluster, ...flags }, undefined, variables).member?.binary;
    assert.equal(read({ 'etcd-binary': '/flag/etcd' }, env), '/flag/etcd');
    assert.equal(read({}, env), '/env/etcd');
    assert.equal(read({}, {}), 'etcd');
    assert.equal(loadConfig({}, undefined, env).member, undefined);
  });
});
