import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { argumentsOf } from '../../src/etcd-member/arguments.ts';
import { checked, clientAddress, parseHostPort, parseMembers } from '../../src/config/cluster-file.ts';

const THREE = { '1': 'a:5001', '2': 'b:5002', '3': 'c:5003' };
const FILE = { node_id: 1, cluster_id: 100, raft_addr: 'a:5001', data_dir: 'd', initial_members: THREE };
const read = (more: object) => checked({ ...FILE, ...more }, (field) => `"${field}" in cluster.json`);

describe('cluster.json', () => {
  it('is what go-ipam writes, with what it leaves away', () => {
    const file = read({ api_addr: '', join: false, enable_single_node: false });
    assert.deepEqual(file, { ...FILE, api_addr: '', join: false, enable_single_node: false });
    assert.deepEqual(read({}), file);
  });

  const refused: readonly [string, object][] = [
    ['node_id', { node_id: 0 }],
    ['node_id', { node_id: '1' }],
    ['node_id', { node_id: 1.5 }],
    ['node_id', { node_id: undefined }],
    ['cluster_id', { cluster_id: -1 }],
    ['raft_addr', { raft_addr: 'a' }],
    ['raft_addr', { raft_addr: 'a:0' }],
    ['raft_addr', { raft_addr: 'a:70000' }],
    ['raft_addr', { raft_addr: undefined }],
    ['api_addr', { api_addr: 'nowhere' }],
    ['client_addr', { client_addr: 'nowhere' }],
    ['data_dir', { data_dir: '' }],
    ['join', { join: 'yes' }],
    ['enable_single_node', { enable_single_node: 1 }],
    ['initial_members', { initial_members: {} }],
    ['initial_members', { initial_members: [] }],
    ['initial_members', { initial_members: { one: 'a:1' } }],
    ['initial_members', { initial_members: { '1': 'a:5001', '2': 'b' } }],
    ['initial_members', { initial_members: { '1': 'a:5001', '2': 'a:5001' } }],
    ['initial_members', { initial_members: { '2': 'b:5002' } }],
    ['initial_members', { initial_members: { '1': 'other:5001' } }],
  ];
  for (const [field, more] of refused) {
    it(`names ${field} when it is ${JSON.stringify(more)}`, () => {
      assert.throws(() => read(more), { code: 'usage', message: new RegExp(`^"${field}" in cluster.json`) });
    });
  }

  it('may leave the node out of its members when it joins', () => {
    assert.deepEqual(read({ node_id: 4, raft_addr: 'd:5004', join: true }).initial_members, THREE);
  });

  it('needs no members when the node is the only one', () => {
    const file = read({ initial_members: undefined, enable_single_node: true });
    assert.deepEqual(file.initial_members, { '1': 'a:5001' });
  });
});

describe('members on the command line', () => {
  it('are read as go-ipam reads them', () => {
    assert.deepEqual(parseMembers('1:a:5001, 2:b:5002'), { '1': 'a:5001', '2': 'b:5002' });
    for (const text of ['', 'a:1', '1:a:1,1:b:1', '1=a:1', '1:']) assert.equal(parseMembers(text), undefined, text);
  });
});

describe('an address', () => {
  it('is a host and a port', () => {
    assert.deepEqual(parseHostPort('node-1.example.com:5001'), { host: 'node-1.example.com', port: 5001 });
    assert.deepEqual(parseHostPort('[fd00::1]:5001'), { host: 'fd00::1', port: 5001 });
    for (const text of ['a', 'a:', ':1', 'fd00::1:5001', 'a b:1', 'a:99999'])
      assert.equal(parseHostPort(text), undefined);
  });
});

describe('the etcd of a node', () => {
  const settings = { file: read({}), binary: 'etcd', tls: undefined };
  const beginning = { state: 'new', members: { '1': 'http://a:5001' } } as const;
  const flags = (more: object = {}) => argumentsOf({ ...settings, ...more }, beginning);

  it('lets only this machine in at its client port, unless it is told otherwise', () => {
    assert.equal(clientAddress(settings.file), '127.0.0.1:6001');
    assert.ok(flags().includes('--listen-client-urls=http://127.0.0.1:6001'));
    assert.equal(clientAddress(read({ raft_addr: 'a:65000', initial_members: { '1': 'a:65000' } })), '127.0.0.1:64000');
    assert.equal(clientAddress(read({ client_addr: '10.0.0.1:2379' })), '10.0.0.1:2379');
  });

  it('listens at the address of the members, or everywhere when that is a name', () => {
    assert.ok(flags().includes('--listen-peer-urls=http://0.0.0.0:5001'));
    assert.ok(flags().includes('--initial-advertise-peer-urls=http://a:5001'));
    const file = read({ raft_addr: 'localhost:5001', initial_members: { '1': 'localhost:5001' } });
    assert.ok(flags({ file }).includes('--listen-peer-urls=http://localhost:5001'));
  });

  it('asks everybody for a certificate when it has one', () => {
    const found = flags({ tls: { ca: 'ca.pem', cert: 'cert.pem', key: 'key.pem' } });
    for (const flag of ['--client-cert-auth', '--peer-client-cert-auth', '--peer-trusted-ca-file=ca.pem']) {
      assert.ok(found.includes(flag), flag);
    }
    assert.ok(found.filter((flag) => flag.includes('-urls=')).every((flag) => flag.includes('=https://')));
  });
});
