import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { MAIN, startServer } from '../support/server.ts';

// The command lines of go-ipam's README, word for word: only what stands behind the name ./ipam is ours.

const dir = mkdtempSync(join(tmpdir(), 'ippool-go-ipam-'));
after(() => rmSync(dir, { recursive: true }));
writeFileSync(join(dir, 'ipam'), `#!/bin/sh\nexec "${process.execPath}" "${MAIN}" "$@"\n`);
chmodSync(join(dir, 'ipam'), 0o755);

/** A line as a shell reads it. Rejects when it does not end with 0. */
function shell(line: string, env: Readonly<Record<string, string>>): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd: dir, env: { PATH: process.env.PATH ?? '', ...env } };
    execFile('/bin/sh', ['-c', line], options, (error, stdout) =>
      error ? reject(new Error(`${line}: ${error.message}`)) : resolve(stdout),
    );
  });
}

const QUICK_START: readonly (readonly [line: string, says: RegExp])[] = [
  [
    './ipam network add 192.168.1.0/24 -d "Office network"',
    /^Network added successfully:\n {2}ID: +net-\w+\n {2}CIDR: +192/,
  ],
  ['./ipam allocate -c 192.168.1.0/24 --hostname web-server', /^IP allocated successfully:[^]*IP: +192\.168\.1\.1\n/],
  [
    './ipam allocate -c 192.168.1.0/24 -k 5 -d "Load balancer pool"',
    /^IP range allocated successfully:[^]*IP Range: +192\.168\.1\.2 - 192\.168\.1\.6\n/,
  ],
  ['./ipam list', /192\.168\.1\.1 .*web-server[^]*192\.168\.1\.2-192\.168\.1\.6 .*Load balancer pool/],
  ['./ipam stats', /Total IPs[^]*192\.168\.1\.0\/24 +256 +6 +248 +2 /],
  ['./ipam release 192.168.1.1', /^IP 192\.168\.1\.1 released successfully\.\n$/],
];

async function quickStart(env: Readonly<Record<string, string>>): Promise<void> {
  for (const [line, says] of QUICK_START) assert.match(await shell(line, env), says, line);
}

describe("go-ipam's quick start", () => {
  it('runs beside `ipam server`', async (t) => {
    const server = await startServer({ args: ['server', '--memory'] });
    t.after(() => server.kill('SIGKILL'));
    await quickStart({ IPPOOL_SERVER: server.url });
  });

  it('runs without a server, on the folder that IPAM_DB_PATH names', async () => {
    await quickStart({ IPAM_DB_PATH: join(dir, 'data') });
  });
});

describe("go-ipam's flags", () => {
  it('mean what they meant', async () => {
    const run = (args: string) => shell(`./ipam --db flags ${args}`, {});
    assert.match(
      await run('network add 10.30.0.0/24 -d "Test network" -t test,production'),
      /Tags: +test, production\n/,
    );
    assert.match(
      await run('allocate -c 10.30.0.0/24 -H server1 -t web,prod -T 300'),
      /Hostname: +server1\n[^]*Expires: /,
    );
    const id = /net-\w+/.exec(await run('network list'))?.[0] ?? '';
    assert.match(await run(`allocate --network-id ${id}`), /IP: +10\.30\.0\.2\n/);
    assert.match(await run(`release -n ${id} 10.30.0.2`), /released successfully/);
    assert.doesNotMatch(await run(`list -n ${id}`), /10\.30\.0\.2 /);
    assert.match(await run('list -a'), /10\.30\.0\.2 .*released/);
    await run('release 10.30.0.1');
    assert.match(await run(`network delete ${id}`), new RegExp(`^Network ${id} deleted successfully\\.\n$`));
    assert.equal(await run('network list'), 'No networks found.\n');
    assert.equal(await run('list'), 'No allocations found.\n');
  });

  it('set the server up: -a, -H, -p, --db and the variables IPAM_…', async (t) => {
    const data = join(dir, 'served');
    const wanted: [string[], Record<string, string>][] = [
      [['server', '-a', '127.0.0.1:0', '--db', data], {}],
      [['server', '-H', '127.0.0.1', '-p', '0'], { IPAM_DB_PATH: data, IPAM_HOST: '203.0.113.1', IPAM_PORT: 'none' }],
      [['server'], { IPAM_DB_PATH: data, IPAM_HOST: '127.0.0.1', IPAM_PORT: '0' }],
    ];
    for (const [args, env] of wanted) {
      // Not behind --port 0, which startServer puts in front of its arguments.
      const server = await startServer({
        command: ['/bin/sh', '-c', 'shift 2; exec ./ipam "$@"', 'ipam'],
        args,
        env,
        cwd: dir,
      });
      t.after(() => server.kill('SIGKILL'));
      assert.match(server.stdout(), new RegExp(`"data":"${data}"`));
      assert.equal((await server.stop()).code, 0);
    }
  });
});
