import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { Client } from '../../src/client/client.ts';
import type { Summary } from '../../src/migration/checksum.ts';
import { runCli } from '../support/cli.ts';
import { type Etcd, startEtcd } from '../support/etcd.ts';
import { missingEtcd } from '../support/etcd-binary.ts';
import { startServer } from '../support/server.ts';

// About 10 s.
describe('ippool migrate', { skip: missingEtcd() }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'ippool-migrate-'));
  const source = join(folder, 'source');
  let etcd: Etcd;
  let moved: Summary;
  before(async () => {
    etcd = await startEtcd();
    await fill(source);
  });
  after(async () => {
    await etcd.stop();
    rmSync(folder, { recursive: true });
  });

  const there = (from: string, ...more: string[]) =>
    runCli(['migrate', '--from', from, '--to-etcd', etcd.endpoints.join(','), ...more]);
  const back = (to: string, ...more: string[]) =>
    runCli(['migrate', '--from-etcd', etcd.endpoints.join(','), '--to', to, ...more]);

  it('moves every kind of state to etcd', async () => {
    const { code, stdout, stderr } = await there(source, '--json');
    assert.equal(code, 0, stderr);
    moved = JSON.parse(stdout) as Summary;
    const { networks, reservations, allocations, remembered } = moved;
    assert.deepEqual({ networks, reservations, allocations, remembered }, COUNTS);
  });

  it('refuses an etcd that holds something, and changes nothing there', async () => {
    const { code, stderr } = await there(source);
    assert.equal(code, 78);
    assert.match(stderr, /--etcd-prefix/);
  });

  it('moves it back, and prints the same checksums', async () => {
    const { code, stdout, stderr } = await back(join(folder, 'back'));
    assert.equal(code, 0, stderr);
    assert.ok(stdout.includes(moved.allocationsSum), stdout);
    assert.ok(stdout.includes(moved.othersSum), stdout);
    assert.equal((await runCli(['journal', 'verify', join(folder, 'back')])).code, 0);
    const [before, after] = await Promise.all([exported(source), exported(join(folder, 'back'))]);
    assert.deepEqual(after, before);
  });

  it('refuses a folder that holds something', async () => {
    const { code, stderr } = await back(source);
    assert.equal(code, 78);
    assert.ok(stderr.includes(source));
  });

  it('refuses a prefix with nothing, and makes no folder', async () => {
    const { code } = await back(join(folder, 'none'), '--etcd-prefix', '/nothing/');
    assert.equal(code, 78);
    assert.equal((await there(join(folder, 'none'))).code, 78);
  });

  it('moves what a cluster has changed since', async () => {
    const args = ['--etcd', etcd.endpoints.join(','), '--node-id', 'a'];
    const server = await startServer({ args });
    const ippool = new Client({ server: server.url });
    assert.equal((await ippool.ip.get('vm-1')).ip, '172.16.0.2');
    await ippool.allocations.create({ network: 'default', vm_id: 'vm-late' });
    const refused = await back(join(folder, 'late'));
    assert.equal(refused.code, 75, 'a node runs');
    await server.stop();
    const { code, stdout } = await back(join(folder, 'late'), '--json');
    assert.equal(code, 0);
    assert.equal((JSON.parse(stdout) as Summary).allocations, COUNTS.allocations + 1);
    const alone = await startServer({ args: ['--data', join(folder, 'late')] });
    assert.ok((await new Client({ server: alone.url }).ip.get('vm-late')).ip);
    await alone.stop();
  });

  it('moves what a cluster remembers of a network that has shrunk, there and back', async () => {
    const prefix = ['--etcd-prefix', '/shrunk/'];
    assert.equal((await there(source, ...prefix)).code, 0);
    const args = ['--etcd', etcd.endpoints.join(','), ...prefix, '--node-id', 'a'];
    const server = await startServer({ args });
    const { networks, allocations } = new Client({ server: server.url });
    await networks.add({ cidr: '10.2.0.0/24', name: 'shrinks', cooldown_seconds: 86_400, sticky_seconds: 86_400 });
    for (const [n, ip] of ['10.2.0.9', '10.2.0.126', '10.2.0.200'].entries()) {
      const { id } = await allocations.create({
        network: 'shrinks',
        vm_id: `was-${n}`,
        ip,
        ...(n === 1 && { count: 9 }),
      });
      await allocations.release(id);
    }
    await networks.update('shrinks', { cidr: '10.2.0.0/25' });
    await server.stop();
    const { code, stdout, stderr } = await back(join(folder, 'shrunk'), ...prefix, '--json');
    assert.equal(code, 0, stderr);
    assert.equal((JSON.parse(stdout) as Summary).remembered, COUNTS.remembered + 1);
    const again = await there(join(folder, 'shrunk'), '--etcd-prefix', '/again/', '--json');
    assert.equal(again.code, 0, again.stderr);
    assert.deepEqual(JSON.parse(again.stdout), JSON.parse(stdout));
  });

  it('lets no node start on a half, and begins anew after it was broken off', async () => {
    const prefix = ['--etcd-prefix', '/half/'];
    const { EtcdClient } = await import('../../src/store/etcd/client.ts');
    const client = new EtcdClient({ endpoints: etcd.endpoints, now: () => Date.now() });
    for (const key of ['/half/moving', '/half/ip/default/ac100009']) {
      await client.put({ key, value: '{}' });
    }
    client.close();
    const started = await runCli(['serve', '--port', '0', '--etcd', etcd.endpoints.join(','), ...prefix]);
    assert.equal(started.code, 78);
    assert.equal((await back(join(folder, 'half'), ...prefix)).code, 78);
    const { code, stdout } = await there(source, ...prefix, '--json');
    assert.equal(code, 0);
    assert.deepEqual(JSON.parse(stdout), moved);
  });

  it('begins anew in a folder where it was broken off, and only there', async () => {
    const prefix = ['--etcd-prefix', '/broken/'];
    const folderOf = join(folder, 'broken');
    assert.equal((await there(source, ...prefix)).code, 0);
    assert.equal((await back(folderOf, ...prefix)).code, 0);
    rmSync(join(folderOf, 'snapshot-1.json')); // as kill -9 leaves it: the journal is made first
    assert.equal((await runCli(['serve', '--port', '0', '--data', folderOf])).code, 65);
    const { code, stderr } = await back(folderOf, ...prefix);
    assert.equal(code, 0, stderr);
    assert.equal((await runCli(['journal', 'verify', folderOf])).code, 0);
    const server = await startServer({ args: ['--data', folderOf] });
    await new Client({ server: server.url }).ip.allocate({ vm_id: 'vm-since' });
    assert.equal((await back(folderOf, ...prefix)).code, 75, 'a server holds it');
    await server.stop();
    rmSync(join(folderOf, 'snapshot-1.json'));
    assert.equal((await back(folderOf, ...prefix)).code, 78, 'a journal with records is no rest of a migration');
  });

  it('leaves a cluster alone whose prefix begins with the same path', async () => {
    const args = ['--etcd', etcd.endpoints.join(','), '--etcd-prefix', '/outer/inner/', '--node-id', 'a'];
    const server = await startServer({ args });
    const ippool = new Client({ server: server.url });
    await ippool.ip.allocate({ vm_id: 'vm-inner' });
    const { EtcdClient } = await import('../../src/store/etcd/client.ts');
    const client = new EtcdClient({ endpoints: etcd.endpoints, now: () => Date.now() });
    await client.put({ key: '/outer/moving', value: 'of one that was broken off' });
    client.close();
    const { code, stderr } = await there(source, '--etcd-prefix', '/outer');
    assert.equal(code, 0, stderr);
    await server.stop();
    const { stdout } = await back(join(folder, 'inner'), '--etcd-prefix', '/outer/inner', '--json');
    assert.equal((JSON.parse(stdout) as Summary).allocations, 1);
    assert.equal((await there(source, '--etcd-prefix', '/outer')).code, 78);
    assert.equal((await there(join(folder, 'inner'), '--etcd-prefix', '/')).code, 0, 'the root is empty');
  });

  it('refuses a command line that names one side only', async () => {
    mkdirSync(join(folder, 'empty'));
    for (const args of [['--from', 'x'], ['--to', 'x'], ['--from', 'x', '--to', 'y'], []]) {
      assert.equal((await runCli(['migrate', ...args])).code, 2, args.join(' '));
    }
    assert.equal((await runCli(['migrate', '--from', folder, '--to-etcd', 'nowhere'])).code, 2);
    assert.equal((await there(join(folder, 'empty'), '--etcd-prefix', '/empty/')).code, 78);
  });
});

const COUNTS = { networks: 3, reservations: 2, allocations: 7, remembered: 2 };

/** A folder with a bit of everything. */
async function fill(dir: string): Promise<void> {
  const server = await startServer({ args: ['--data', dir] });
  const { ip, networks, allocations } = new Client({ server: server.url });
  await ip.allocate({ vm_id: 'vm-1', hostname: 'web-1' });
  await networks.add({ cidr: '10.1.0.0/16', name: 'blue', tags: ['a', 'b'], cooldown_seconds: 86_400 });
  await networks.add({ cidr: 'fd00:1::/64', name: 'six', sticky_seconds: 86_400 });
  const blue = { network: 'blue' };
  await networks.reserve('blue', { range: '10.1.9.0/24', reason: 'routers' });
  await networks.reserve('blue', { range: '10.1.8.1', reason: 'later', vm_id: 'vm-later' });
  await allocations.create({ ...blue, count: 5, description: 'a range', tags: ['lb'] });
  await allocations.create({ ...blue, vm_id: 'vm-2', nic: 'eth1', mac: '52:54:00:12:34:56', ttl: 86_400 });
  await allocations.create({ ...blue, ip: '10.1.8.1', vm_id: 'vm-later' });
  await allocations.create({ network: 'six', vm_id: 'vm-6', hostname: 'six' });
  await allocations.create({ network: 'six', prefix_length: 80, description: 'delegated' });
  for (const [network, vm_id] of [
    ['blue', 'vm-cool'],
    ['six', 'vm-sticky'],
  ] as const) {
    const { id } = await allocations.create({ network, vm_id });
    await allocations.release(id);
  }
  await allocations.create({ ...blue, description: 'nobody', hostname: 'free' });
  await server.stop();
}

async function exported(dir: string): Promise<unknown> {
  const { stdout } = await runCli(['journal', 'export', dir]);
  const { networks, allocations } = JSON.parse(stdout) as { networks: { id: string }[]; allocations: { ip: string }[] };
  const order = (a: string, b: string) => (a < b ? -1 : 1);
  return {
    networks: networks.sort((a, b) => order(a.id, b.id)),
    allocations: allocations.sort((a, b) => order(a.ip, b.ip)),
  };
}
