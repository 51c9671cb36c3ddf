import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { runCli } from '../support/cli.ts';
import { startServer } from '../support/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'ippool-offline-'));
after(() => rmSync(dir, { recursive: true }));

describe('ippool --db', () => {
  it('works on the folder of a server that is stopped, and the server goes on with it', async (t) => {
    const db = join(dir, 'shared');
    const first = await startServer({ args: ['--data', db] });
    t.after(() => first.kill('SIGKILL'));
    await first.stop();
    const { code, stdout, stderr } = await runCli(['allocate', '--db', db, '--vm', 'vm-1', '-q']);
    assert.deepEqual([code, stdout, stderr], [0, '172.16.0.2\n', '']);
    const second = await startServer({ args: ['--data', db] });
    t.after(() => second.kill('SIGKILL'));
    const listed = await runCli(['list', '--vm', 'vm-1', '--json', '--server', second.url]);
    assert.equal((JSON.parse(listed.stdout) as { ip: string }[])[0]?.ip, '172.16.0.2');
  });

  it('refuses in one line, with exit code 75, a folder that a server holds', async (t) => {
    const db = join(dir, 'held');
    const server = await startServer({ args: ['--data', db] });
    t.after(() => server.kill('SIGKILL'));
    const { code, stdout, stderr } = await runCli(['list', '--db', db]);
    assert.deepEqual([code, stdout], [75, '']);
    assert.match(stderr, /^ippool: [^\n]+\n$/);
    assert.ok(stderr.includes(db) && stderr.includes(String(server.pid)), stderr);
  });

  it('makes no folder of a misspelt name', async () => {
    const db = join(dir, 'misspelt');
    const { code, stdout, stderr } = await runCli(['list', '--db', db]);
    assert.deepEqual([code, stdout], [78, '']);
    assert.match(stderr, /^ippool: [^\n]+\n$/);
    assert.equal(existsSync(db), false);
  });

  it('makes one for the first network', async () => {
    const db = join(dir, 'made');
    assert.equal((await runCli(['network', 'add', 'fd00:1::/64', '--name', 'v6', '--db', db])).code, 0);
    const { stdout } = await runCli(['--db', db, 'allocate', '-n', 'v6', '--vm', 'vm-1', '--quiet']);
    assert.equal(stdout, 'fd00:1::1\n');
  });
});
