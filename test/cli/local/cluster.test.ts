import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runCli } from '../../support/cli.ts';
import { startServer } from '../../support/server.ts';

const cwd = mkdtempSync(join(tmpdir(), 'ippool-cluster-'));
after(() => rmSync(cwd, { recursive: true }));
const THREE = ['--initial-members', '1:a:5001,2:b:5002,3:c:5003'];

describe('ippool cluster', () => {
  it('writes the cluster.json of go-ipam, and says what comes next', async () => {
    const args = ['--node-id', '2', '--cluster-id', '100', '--raft-addr', 'b:5002', '--data-dir', 'two'];
    const { code, stdout, stderr } = await runCli(['cluster', 'join', ...args, ...THREE], { cwd });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /ippool server --cluster --config two\/cluster\.json/);
    assert.deepEqual(JSON.parse(readFileSync(join(cwd, 'two/cluster.json'), 'utf8')), {
      node_id: 2,
      cluster_id: 100,
      raft_addr: 'b:5002',
      api_addr: '',
      data_dir: 'two',
      join: true,
      initial_members: { '1': 'a:5001', '2': 'b:5002', '3': 'c:5003' },
      enable_single_node: false,
    });
  });

  it('has the defaults of go-ipam', async () => {
    assert.equal((await runCli(['cluster', 'init', '--single-node'], { cwd })).code, 0);
    const { node_id, cluster_id, raft_addr } = JSON.parse(
      readFileSync(join(cwd, 'ipam-cluster-data/cluster.json'), 'utf8'),
    ) as Record<string, unknown>;
    assert.deepEqual({ node_id, cluster_id, raft_addr }, { node_id: 1, cluster_id: 1, raft_addr: 'localhost:5000' });
  });

  it('overwrites nothing', async () => {
    const before = readFileSync(join(cwd, 'ipam-cluster-data/cluster.json'), 'utf8');
    const { code, stderr } = await runCli(['cluster', 'init', '--single-node', '--cluster-id', '7'], { cwd });
    assert.equal(code, 2);
    assert.match(stderr, /--data-dir/);
    assert.equal(readFileSync(join(cwd, 'ipam-cluster-data/cluster.json'), 'utf8'), before);
  });

  const refused: readonly [string, readonly string[]][] = [
    ['--initial-members', ['init']],
    ['--initial-members', ['init', '--initial-members', 'a:1']],
    ['--initial-members', ['init', '--node-id', '9', ...THREE]],
    ['--raft-addr', ['init', '--raft-addr', 'a', '--single-node']],
    ['--node-id', ['init', '--node-id', '0', '--single-node']],
    ['--node-id', ['join', '--raft-addr', 'b:1', ...THREE]],
    ['--raft-addr', ['join', '--node-id', '2', ...THREE]],
    ['--initial-members', ['join', '--node-id', '2', '--raft-addr', 'b:1']],
    ['--what', ['init', '--what']],
  ];
  for (const [flag, args] of refused) {
    it(`names ${flag} when it refuses ${args.join(' ')}`, async () => {
      const { code, stderr } = await runCli(['cluster', ...args, '--data-dir', 'never'], { cwd });
      assert.equal(code, 2);
      assert.ok(stderr.includes(flag), stderr);
      assert.equal(existsSync(join(cwd, 'never')), false);
    });
  }

  it('says that a service is alone', async () => {
    const server = await startServer({ args: ['--memory'] });
    const { code, stderr } = await runCli(['cluster', 'status', '--server', server.url], { cwd });
    assert.equal(code, 1);
    assert.match(stderr, /route_not_found/);
    await server.stop();
  });
});

describe('ippool server --cluster', () => {
  const serve = (args: readonly string[]) => runCli(['server', '--cluster', '--port', '0', ...args], { cwd });

  it('refuses a file that is none, is missing, or contradicts a flag', async () => {
    mkdirSync(join(cwd, 'bad'));
    writeFileSync(join(cwd, 'bad/cluster.json'), '{"node_id":"one"}');
    const table: readonly [RegExp, readonly string[]][] = [
      [/"node_id"/, ['--config', 'bad/cluster.json']],
      [/cluster init/, ['--config', 'nowhere.json']],
      [/--etcd/, ['--etcd', 'http://127.0.0.1:1']],
      [/--memory/, ['--memory']],
      [/--node-id/, ['--node-id', 'other']],
    ];
    for (const [pattern, args] of table) {
      const { code, stderr } = await serve(args);
      assert.equal(code, 2, stderr);
      assert.match(stderr, pattern);
    }
  });

  it('says what to install when there is no etcd', async () => {
    const { code, stderr } = await serve(['--etcd-binary', 'no-such-etcd']);
    assert.equal(code, 2);
    assert.match(stderr, /--etcd-binary no-such-etcd .*etcd-server/);
  });

  it('ends with 70 when its etcd does', async () => {
    const { code, stderr } = await serve(['--etcd-binary', 'false']);
    assert.equal(code, 70);
    assert.match(stderr, /has ended with 1/);
  });
});
