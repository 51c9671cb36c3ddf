import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { type Config, loadConfig, type Raw, SETTINGS } from '../../src/config/load.ts';
import { formatAddress } from '../../src/net/address.ts';
import { formatCidr } from '../../src/net/cidr.ts';
import { formatRange } from '../../src/net/range.ts';
import { PoolError } from '../../src/errors.ts';

const dir = mkdtempSync(join(tmpdir(), 'ippool-config-'));
after(() => rmSync(dir, { recursive: true }));

let files = 0;
function fileWith(content: unknown): string {
  const path = join(dir, `${++files}.json`);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
}

/** One setting with four values that tell its four sources apart; `read` makes them comparable. */
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

const variableOf = (name: string) => `IPPOOL_${name.toUpperCase().replaceAll('-', '_')}`;

function refusal(flags: Raw, file?: string, env: NodeJS.ProcessEnv = {}): PoolError {
  try {
    loadConfig(flags, file, env);
  } catch (error) {
    assert.ok(error instanceof PoolError);
    assert.equal(error.code, 'usage');
    return error;
  }
  throw new assert.AssertionError({ message: `accepted: ${JSON.stringify(flags)} ${JSON.stringify(env)}` });
}

describe('loadConfig', () => {
  it('has a row in this test for every setting', () => {
    // What a member of its own is run from is read together with the cluster file: see below.
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

  it('finds the file by IPPOOL_CONFIG, unless --config names another', () => {
    const [one, two] = [fileWith({ port: 1 }), fileWith({ port: 2, '// port': 'a comment' })];
    assert.equal(loadConfig({}, undefined, { IPPOOL_CONFIG: one }).port, 1);
    assert.equal(loadConfig({}, two, { IPPOOL_CONFIG: one }).port, 2);
    assert.equal(loadConfig({}, undefined, { IPPOOL_CONFIG: '' }).port, 8080);
  });

  it('reads 172.16.0 as a /24, and every size from /8 to /30', () => {
    const network = (text: string) => loadConfig({ network: text }, undefined, {}).network;
    assert.deepEqual(network('172.16.0'), network('172.16.0.0/24'));
    for (let length = 8; length <= 30; length++) assert.equal(network(`10.0.0.0/${length}`)?.prefixLength, length);
  });

  it('reads IPv6 networks from /16 to /126, and gateways and exclusions of IPv6', () => {
    const { network, gateway, exclude } = loadConfig(
      { network: 'FD00:1::/64', gateway: 'fd00:1::0:fe', exclude: 'fd00:1::10-fd00:1::1f,fd00:1::100/120' },
      undefined,
      {},
    );
    assert.equal(network && formatCidr(network), 'fd00:1::/64');
    assert.equal(gateway && formatAddress(gateway.family, gateway.value), 'fd00:1::fe');
    assert.deepEqual(exclude?.map(formatRange), ['fd00:1::10-fd00:1::1f', 'fd00:1::100-fd00:1::1ff']);
    for (const length of [16, 64, 126]) {
      const { network } = loadConfig({ network: `fd00::/${length}` }, undefined, {});
      assert.deepEqual([network?.family, network?.prefixLength], [6, length]);
    }
  });

  it('names the right network when host bits are set', () => {
    assert.match(refusal({ network: '10.1.2.3/16' }).message, /10\.1\.0\.0\/16/);
    assert.match(refusal({ network: '172.16.0.1/30' }).message, /172\.16\.0\.0\/30/);
  });

  it('clears exclusions by none or by an empty list, never by an empty text', () => {
    assert.deepEqual(loadConfig({ exclude: 'none' }, undefined, {}).exclude, []);
    assert.deepEqual(loadConfig({}, fileWith({ exclude: [] }), {}).exclude, []);
    assert.equal(refusal({ exclude: '' }).details.field, '--exclude');
  });
});

const BAD: Readonly<Record<string, readonly unknown[]>> = {
  network: [
    ...[
      '',
      '10',
      '10.0.0.0',
      '172.16.256',
      '010.0.0',
      '0x0a.0.0',
      'fd00::/127',
      'fd00::/15',
      'fd00::1/64',
      'fd00::',
      '172.16.0.0/24 ',
      '10.0.0.0/024',
    ],
    ...['10.0.0.0/7', '10.0.0.0/31', '10.0.0.0/32', '1.2.3.4/24'],
  ],
  gateway: ['', '172.16.0', '172.16.0.01', ':::1', 'fe80::1%eth0', '0xac100001', true],
  socket: ['', 'x'.repeat(108), `/${'é'.repeat(54)}`, 'a\0b', true],
  port: ['', '-1', '65536', '80a', '8e3', '1.5', '0x50', ' 80', true],
  host: ['', 'a b', 'http://x', 'a/b', true],
  data: ['', 'a\0b', true],
  exclude: ['172.16.0.9-172.16.0.2', '172.16.0.5/24', '172.16.0.1,', 'x', '172.16.0.1-', '172.16.0.0/33', true],
  strategy: ['', 'Lowest', 'first', 'toString', true],
  'allow-host': ['', 'a b', 'http://x', 'a,,b', 'x:80', true],
  'compact-bytes': ['', '-1', '4MB', '1e6', true],
  'audit-retention': ['', '-1', '36501', '400d', '1.5', true],
  'etcd-prefix': ['', 'a', 'a/b/', '/a b/', '/ä/', '/a/ev/', '/ip', '/a/vm/b/', true],
  'node-id': ['', 'a/b', 'a b', 'ä', 'x'.repeat(65), true],
  memory: ['maybe', '2', ''],
  'require-existing': ['on!'],
  debug: ['verbose'],
};

describe('loadConfig refuses', () => {
  for (const [name, values] of Object.entries(BAD)) {
    it(`bad values of ${name}, naming where each was read`, () => {
      for (const value of values) {
        const error = refusal({ [name]: value as string | boolean });
        assert.equal(error.details.field, `--${name}`);
        assert.doesNotMatch(error.message, /\n/);
        if (typeof value !== 'string' || value === '' || value.includes('\0')) continue;
        const variable = variableOf(name);
        assert.equal(refusal({}, undefined, { [variable]: value }).details.field, variable);
      }
      const path = fileWith({ [name]: { nested: 1 } });
      assert.equal(refusal({}, path).details.field, `"${name}" in ${path}`);
    });
  }

  it('a single value that is given twice', () => {
    for (const name of ['network', 'data', 'host', 'strategy']) {
      const twice = ['a', 'b'] as unknown as string; // what the parser of flags makes of it
      assert.equal(refusal({ [name]: twice }).details.field, `--${name}`);
    }
    const lists = loadConfig({ exclude: ['172.16.0.5', '172.16.0.9'] as unknown as string }, undefined, {});
    assert.equal(lists.exclude?.length, 2);
  });

  it('a file that is missing, no JSON, no object, or holds an unknown key', () => {
    assert.match(refusal({}, join(dir, 'nowhere.json')).message, /nowhere\.json/);
    assert.match(refusal({}, fileWith('{"port": 1,\n')).message, /\.json/);
    for (const content of ['[]', 'null', '3', '"x"']) refusal({}, fileWith(content));
    assert.match(refusal({}, fileWith({ prot: 1 })).message, /"prot"/);
    assert.match(refusal({}, fileWith('{"__proto__": 1}')).message, /"__proto__"/);
    assert.equal(refusal({}, '').details.field, '--config');
  });
});
