import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AuditEntry, NetworkAllocation, Tenure } from '../../src/client/client.ts';
import { runCli } from '../support/cli.ts';
import { type Server, startServer } from '../support/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'ippool-commands-'));
let server: Server;

before(async () => {
  server = await startServer({ args: ['--memory', '--network', '10.50.0.0/24'] });
});
after(async () => {
  rmSync(dir, { recursive: true });
  await server.kill('SIGKILL');
});

/** What stands on stdout, when the line ends with 0 and says nothing else. */
async function told(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, { env: { IPPOOL_SERVER: server.url, USER: 'ada' }, cwd: dir });
  assert.deepEqual([code, stderr], [0, ''], args.join(' '));
  return stdout;
}

async function json<T>(...args: string[]): Promise<T> {
  return JSON.parse(await told(...args, '--json')) as T;
}

describe('ippool network', () => {
  it('adds, changes, lists, shows and deletes', async () => {
    await told(
      'network',
      'add',
      '10.51.0.0/24',
      '--name',
      'lab',
      '--cooldown',
      '2m',
      '--exclude',
      '10.51.0.9,10.51.0.8',
    );
    const settings = { description: 'Lab', excluded: [], drain: true, cooldown_seconds: 120, gateway: '10.51.0.1' };
    await told('network', 'update', 'lab', '-d', 'Lab', '--exclude', 'none', '--drain', '-g', '10.51.0.1');
    const shown = await json<Record<string, unknown>>('network', 'show', '10.51.0.0/24');
    for (const [name, value] of Object.entries(settings)) assert.deepEqual(shown[name], value, name);
    assert.match(
      await told('network', 'list'),
      /^ID +CIDR [^]*10\.51\.0\.0\/24 +10\.51\.0\.1 +lab +- +draining +Lab\n/,
    );
    await told('network', 'update', 'lab', '--no-drain', '--gateway', 'none');
    const changed = await json<Record<string, unknown>>('network', 'show', 'lab');
    assert.deepEqual([changed.drain, changed.gateway], [false, null]);
    assert.deepEqual(await json('network', 'delete', 'lab'), { deleted: 'lab' });
  });
});

describe('ippool allocate, list and release', () => {
  it('give the same VM the same address, and show it by every filter', async () => {
    const args = ['allocate', '--vm', 'vm-1', '--nic', 'eth0', '--mac', '52-54-00-AA-BB-CC', '-H', 'web', '-t', 'a,b'];
    const first = await json<NetworkAllocation>(...args);
    assert.equal(await told('allocate', '--vm', 'vm-1', '--nic', 'eth0', '-q'), `${first.ip}\n`);
    const filters = [
      ['-n', 'default'],
      ['--vm', 'vm-1'],
      ['--vm-prefix', 'vm-'],
      ['--ip', first.ip],
      ['-c', '10.50.0.0/25'],
      ['-H', 'web'],
      ['--mac', '5254.00aa.bbcc'],
      ['-t', 'b'],
      ['--status', 'allocated'],
    ];
    const found = await Promise.all(filters.map((filter) => json<NetworkAllocation[]>('list', ...filter)));
    for (const [i, list] of found.entries()) assert.equal(list[0]?.id, first.id, filters[i]?.join(' '));
    assert.equal(await told('release', '--vm', 'vm-1'), `IP ${first.ip} released successfully.\n`);
    assert.equal(await told('list', '--vm', 'vm-1'), 'No allocations found.\n');
  });

  it('give a range, and release it by its first address or its id', async () => {
    const range = await json<NetworkAllocation>('allocate', '-k', '3');
    const inside = range.ip.replace(/\d+$/, (last) => String(Number(last) + 1));
    assert.equal((await runCli(['release', inside, '--server', server.url])).code, 1);
    await told('release', range.id);
    await told('allocate', '--ip', range.ip, '-k', '3');
    await told('release', range.ip);
  });

  it('give addresses that need not follow each other, and one of each of several networks', async () => {
    await told('network', 'add', 'fd50::/64', '--name', 'six');
    const apart = await told('allocate', '-k', '2', '--separate', '--vm', 'vm-apart', '-q');
    assert.equal(apart.trim().split('\n').length, 2);
    const both = await json<NetworkAllocation[]>('allocate', '-n', 'default,six', '--vm', 'vm-both', '-T', '1h');
    assert.deepEqual(
      both.map(({ network }) => network),
      ['10.50.0.0/24', 'fd50::/64'],
    );
    assert.ok(both.every(({ expires_at }) => expires_at !== null));
  });
});

describe('ippool stats', () => {
  it('counts, and names what is free', async () => {
    await told('network', 'add', '10.52.0.0/29', '--name', 'tiny');
    await told('allocate', '-n', 'tiny', '--vm', 'vm-tiny');
    const text = await told('stats', 'tiny', '--free');
    assert.match(
      text,
      /^Network +Total IPs [^\n]+\n10\.52\.0\.0\/29 +8 +1 +5 +2 +0 +16\.7%\nFree in 10\.52\.0\.0\/29: 10\.52\.0\.2-10\.52\.0\.6\n$/,
    );
  });
});

describe('ippool history and audit', () => {
  it('say who had an address when, and who asked', async () => {
    const ip = (await told('allocate', '--vm', 'vm-past', '-q')).trim();
    await told('release', ip, '--actor', 'grace');
    const [tenure] = await json<Tenure[]>('history', ip);
    assert.deepEqual([tenure?.vm_id, tenure?.reason], ['vm-past', 'released']);
    assert.deepEqual([tenure?.allocated_by, tenure?.released_by], ['ada', 'grace']);
    assert.equal((await json<Tenure[]>('history', '--vm', 'vm-past'))[0]?.ip, ip);
    assert.equal((await json<Tenure[]>('history', ip, '--at', tenure?.from ?? ''))[0]?.vm_id, 'vm-past');
    assert.deepEqual(await json('history', ip, '--at', '2000-01-01'), []);
    const entries = await json<AuditEntry[]>('audit', '-l', '1', '--action', 'ip_released', '--resource', ip);
    assert.deepEqual(
      entries.map(({ user, resource }) => [user, resource]),
      [['grace', ip]],
    );
    assert.equal(await told('audit', '--until', '2000-01-01'), 'Nothing found.\n');
  });
});

describe('ippool reconcile', () => {
  it('frees only with --apply, and only what it reported before', async () => {
    await told('network', 'add', '10.53.0.0/24', '--name', 'hosts');
    for (const vm of ['h-1', 'h-2', 'h-3']) await told('allocate', '-n', 'hosts', '--vm', vm);
    writeFileSync(join(dir, 'live.txt'), '# of host h\nh-1\n\nh-2\n');
    const line = ['reconcile', '--live', 'live.txt', '--vm-prefix', 'h-', '--grace', '0'];
    assert.match(await told(...line), /h-3 [^]*3 checked, 1 missing, 0 released\n$/);
    assert.match(await told(...line, '--apply'), /h-3 [^]*released\n3 checked, 1 missing, 1 released\n$/);
    assert.match(await told('list', '-n', 'hosts'), /h-1 [^]*h-2 /);
    writeFileSync(join(dir, 'empty.txt'), '');
    const { code, stderr } = await runCli(['reconcile', '--live', 'empty.txt', '--server', server.url], { cwd: dir });
    assert.equal(code, 1);
    assert.match(stderr, /\(unsafe_reconcile\)\n$/);
  });
});

describe('ippool COMMAND --help', () => {
  it('shows what the command takes', async () => {
    const text = await told('allocate', '--help');
    for (const flag of ['-n, --network', '-c, --cidr', '-k, --count', '-T, --ttl', '--server', '--db', '--json']) {
      assert.ok(text.includes(`${flag} `), flag);
    }
    assert.match(text, /Examples/);
    assert.ok(Math.max(...text.split('\n').map((line) => line.length)) <= 120);
  });
});
