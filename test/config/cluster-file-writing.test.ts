import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { readClusterFile } from '../../src/config/cluster-file.ts';
import { runCli } from '../support/cli.ts';
import { MAIN } from '../support/server.ts';

// About 3 s.
describe('writing cluster.json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippool-writing-'));
  after(() => rmSync(folder, { recursive: true }));

  it('leaves nothing half when it is broken off, and the same command works then', async () => {
    const data = join(folder, 'half');
    const members = Array.from({ length: 99 }, (_, n) => `${n + 1}:node-${n + 1}.example.com:5001`);
    const flags = ['--node-id', '2', '--raft-addr', 'node-2.example.com:5001', '--initial-members', members.join(',')];
    const command = ['cluster', 'join', ...flags, '--data-dir', data];
    // The kernel stops the write after one block, and with it the process or only the call.
    const limited = ['ulimit -f 1; exec "$@"', 'sh', process.execPath, MAIN, ...command];
    const { status } = spawnSync('/bin/sh', ['-c', ...limited], { env: { PATH: process.env.PATH ?? '' } });
    assert.notEqual(status, 0);
    assert.ok(!existsSync(join(data, 'cluster.json')));
    const { code, stderr } = await runCli(command);
    assert.equal(code, 0, stderr);
    assert.equal(readClusterFile(join(data, 'cluster.json')).node_id, 2);
  });

  it('overwrites nothing, and leaves nothing else', async () => {
    const data = join(folder, 'twice');
    const command = ['cluster', 'init', '--single-node', '--raft-addr', 'localhost:5001', '--data-dir', data];
    const codes = await Promise.all(
      [1, 2, 3].map(async (id) => (await runCli([...command, '--node-id', `${id}`])).code),
    );
    assert.deepEqual(codes.sort(), [0, 2, 2]);
    assert.deepEqual(readdirSync(data), ['cluster.json']);
  });

  it('says of one that is half what to do', () => {
    const path = join(folder, 'old', 'cluster.json');
    mkdirSync(join(folder, 'old'));
    writeFileSync(path, '{"node_id": 1,');
    assert.throws(() => readClusterFile(path), { code: 'usage', message: /delete it.*cluster init.*cluster join/ });
  });
});
