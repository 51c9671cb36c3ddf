import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { type NetworkAllocation, Client } from '../../../src/client/client.ts';
import { runCli } from '../../support/cli.ts';
import { type Server, startServer } from '../../support/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'ippool-exchange-'));
let server: Server;
let client: Client;

before(async () => {
  server = await startServer({ args: ['--memory', '--network', '10.40.0.0/24'] });
  client = new Client({ server: server.url });
});
after(async () => {
  rmSync(dir, { recursive: true });
  await server.kill('SIGKILL');
});

const run = (...args: string[]) => runCli([...args, '--server', server.url], { cwd: dir });

function file(name: string, lines: readonly string[]): string {
  writeFileSync(join(dir, name), `${lines.join('\n')}\n`);
  return name;
}

async function held(filter: Parameters<Client['allocations']['list']>[0] = {}): Promise<NetworkAllocation[]> {
  const all = [];
  for await (const allocation of client.allocations.list(filter)) all.push(allocation);
  return all;
}

/** What an import is to bring back: all but what belongs to the moment. */
const lasting = ({ network, ip, end_ip, vm_id, nic, hostname, mac, description, tags }: NetworkAllocation) => {
  return { network, ip, end_ip, vm_id, nic, hostname, mac, description, tags };
};

describe('ippool export and import', () => {
  it('bring back networks and allocations, as JSON and as CSV', async () => {
    await client.networks.add({ cidr: 'fd40::/56', name: 'v6', tags: ['a'], cooldown_seconds: 60, gateway: 'fd40::1' });
    const description = '=1+1, "quoted"\'';
    await client.allocations.create({
      network: 'v6',
      vm_id: 'vm-1',
      nic: 'eth1',
      mac: '52:54:00:00:00:01',
      description,
    });
    await client.allocations.create({ network: 'v6', count: 5, tags: ['x', 'y'], vm_id: 'vm-5' });
    await client.allocations.create({ network: 'v6', prefix_length: 64, hostname: 'router', ttl: 3600 });
    const before = await held({ network: 'v6' });
    assert.equal((await run('export', '--out', 'all.json')).code, 0);
    assert.equal((await run('export', '-f', 'csv', '-n', 'v6', '-o', 'v6.csv')).code, 0);
    assert.deepEqual(readdirSync(dir).sort(), ['all.json', 'v6.csv']);
    assert.ok(readFileSync(join(dir, 'v6.csv'), 'utf8').includes(`"'=1+1, ""quoted""'"`));
    const settings = await client.networks.get('v6');
    for (const name of ['all.json', 'v6.csv']) {
      await client.networks.update('v6', { drain: true });
      await client.networks.remove('v6', { force: true });
      if (name === 'v6.csv') await client.networks.add({ cidr: 'fd40::/56', name: 'v6' });
      const { code, stderr } = await run('import', name);
      assert.deepEqual([code, stderr], [0, ''], name);
      const back = await held({ network: 'v6' });
      assert.deepEqual(back.map(lasting), before.map(lasting), name);
      const left = Date.parse(back.at(-1)?.expires_at ?? '') - Date.parse(before.at(-1)?.expires_at ?? '');
      // A file is read as seconds from now on: rounded up, and as late as the rows come.
      assert.ok(Math.abs(left) <= 30_000, `expires ${left} ms later`);
      if (name === 'all.json') {
        const { id, created_at, updated_at } = settings;
        assert.deepEqual({ ...(await client.networks.get('v6')), id, created_at, updated_at }, settings);
      }
    }
  });

  it('bring back the same CIDR in two VRFs', async () => {
    const ids: string[] = [];
    for (const vrf of ['red', 'blue']) {
      const added = await run('network', 'add', '10.41.0.0/24', '--vrf', vrf);
      assert.equal(added.code, 0, added.stderr);
      const { id } = (await client.networks.list()).find((network) => network.vrf === vrf) ?? assert.fail(vrf);
      ids.push(id);
      await client.allocations.create({ network: id, vm_id: `vm-${vrf}`, ip: '10.41.0.7' });
    }
    const table = await run('network', 'list');
    assert.match(table.stdout, /^VRF/);
    assert.equal((await run('export', '--out', 'vrfs.json')).code, 0);
    for (const id of ids) {
      await client.networks.update(id, { drain: true });
      await client.networks.remove(id, { force: true });
    }
    const { code, stderr } = await run('import', 'vrfs.json');
    assert.deepEqual([code, stderr], [0, '']);
    const back = await held({ ip: '10.41.0.7', vrf: 'blue' });
    assert.deepEqual(
      back.map(({ vrf, vm_id }) => [vrf, vm_id]),
      [['blue', 'vm-blue']],
    );
    const search = await run('history', '10.41.0.7', '--vrf', 'red', '--json');
    assert.match(search.stdout, /vm-red/);
    assert.doesNotMatch(search.stdout, /vm-blue/);
    const ambiguous = await run('release', '10.41.0.7');
    assert.equal(ambiguous.code, 1);
    assert.match(ambiguous.stderr, /in several VRFs/);
    const more = await run('allocate', '-c', '10.41.0.0/24', '--vrf', 'blue', '--ip', '10.41.0.9', '--json');
    const { id: blue } = JSON.parse(more.stdout) as NetworkAllocation;
    assert.match(blue, /^blue\./);
    assert.equal((await run('release', blue)).code, 0, 'an id with a dot is not an address');
    assert.equal((await run('release', '10.41.0.7', '--vrf', 'red')).code, 0);
    const list = await run('list', '--vrf', 'blue', '--json');
    assert.match(list.stdout, /vm-blue/);
    assert.doesNotMatch(list.stdout, /vm-red/);
    rmSync(join(dir, 'vrfs.json'));
    for (const { id, vrf } of await client.networks.list()) {
      if (vrf === 'default') continue;
      await client.networks.update(id, { drain: true });
      await client.networks.remove(id, { force: true });
    }
  });

  it('replace no file when the export fails', async () => {
    file('kept.json', ['{}']);
    assert.equal((await runCli(['export', '-o', 'kept.json', '--server', 'http://127.0.0.1:2'], { cwd: dir })).code, 3);
    assert.equal(readFileSync(join(dir, 'kept.json'), 'utf8'), '{}\n');
  });
});

describe('ippool import', () => {
  it('changes nothing when one row is refused, and names each by its line', async () => {
    const name = file('bad.csv', [
      'ip,vm_id,hostname,network',
      '10.40.0.50,vm-50,,',
      '10.40.0.51,vm 51,,',
      '203.0.113.9,vm-9,,',
      '10.40.0.52,vm-52,no host,',
      '10.40.0.50,vm-53,,',
    ]);
    const { code, stdout, stderr } = await run('import', name);
    assert.deepEqual([code, stdout], [1, '']);
    const lines = [...stderr.matchAll(/^bad\.csv: line (\d+): .* \((\w+)\)$/gm)].map(([, line, why]) => [line, why]);
    assert.deepEqual(lines, [
      ['3', 'invalid_request'],
      ['4', 'network_not_found'],
      ['5', 'invalid_request'],
      ['6', 'address_taken'],
    ]);
    assert.deepEqual(await held({ vm_id: 'vm-50' }), []);
  });

  it('names the lines of JSON too, and all of it as JSON', async () => {
    const name = file('bad.json', ['{"networks":[', '{"cidr":"10.41.0.0/24"},', '{"cidr":"10.41.0.0/16"}', ']}']);
    const { code, stdout } = await run('import', name, '--json');
    assert.equal(code, 1);
    const { refused } = JSON.parse(stdout) as { refused: { line: number; code: string }[] };
    assert.deepEqual(
      refused.map(({ line, code }) => [line, code]),
      [[3, 'network_overlap']],
    );
    assert.equal((await run('network', 'show', '10.41.0.0/24')).code, 1);
  });

  it('stops before anything with --dry-run', async () => {
    const name = file('good.csv', ['ip,vm_id', '10.40.0.60,vm-60']);
    const { code, stdout } = await run('import', name, '--dry-run');
    assert.deepEqual([code, stdout], [0, 'Would import 0 networks and 1 allocation\n']);
    assert.deepEqual(await held({ vm_id: 'vm-60' }), []);
  });

  it("takes NetBox's export of IP addresses", async () => {
    const name = file('netbox.csv', [
      'address,vrf,tenant,status,role,dns_name,description,tags,id',
      '10.40.0.70/24,,Acme Corp,active,vip,web.example.net,Web front,"web,prod",1',
      '10.40.0.71/24,,,deprecated,,,,,2',
      '10.40.0.72/24,,,reserved,,,,,3',
      '10.40.0.73,Global,,dhcp,,,,,4',
    ]);
    const { code, stdout } = await run('import', name);
    assert.equal(code, 0);
    assert.match(stdout, /^Left out line 3: deprecated\nImported 0 networks and 3 allocations \(1 left out\)\n$/m);
    const taken = await held({ cidr: '10.40.0.70/31' });
    assert.deepEqual(taken.map(lasting), [
      {
        network: '10.40.0.0/24',
        ip: '10.40.0.70',
        end_ip: undefined,
        vm_id: null,
        nic: '',
        hostname: 'web.example.net',
        mac: null,
        description: 'Web front',
        tags: ['web', 'prod', 'role:vip', 'tenant:Acme-Corp'],
      },
    ]);
    assert.deepEqual(
      (await held({ cidr: '10.40.0.72/31' })).map(({ tags }) => tags),
      [['reserved'], []],
    );
  });
});

describe('ippool allocate --from', () => {
  it('gives what each row asks for, and names those that are refused', async () => {
    const name = file('vms.csv', ['vm_id,hostname,ip', 'vm-a,a,', 'vm b,,', 'vm-c,,10.40.0.70', 'vm-d,,10.40.0.200']);
    const { code, stdout, stderr } = await run('allocate', '--from', name);
    assert.equal(code, 1);
    assert.deepEqual(stdout.split('\n').length, 3);
    assert.match(stderr, /^vms\.csv: line 3: .*\(invalid_request\)\nvms\.csv: line 4: .*\(address_taken\)\n$/);
    assert.equal((await held({ vm_id: 'vm-d' }))[0]?.ip, '10.40.0.200');
  });

  it('gives all or nothing with --atomic', async () => {
    const name = file('atomic.csv', ['vm_id,ip', 'vm-e,', 'vm-f,10.40.0.70']);
    const unreadable = file('unreadable.csv', ['vm_id', 'vm-e', 'vm f']);
    for (const from of [name, unreadable]) {
      const { code, stderr } = await run('allocate', '--from', from, '--atomic');
      assert.equal(code, 1);
      assert.match(stderr, new RegExp(`^${from}: line 3: [^\\n]+\\n$`));
      assert.deepEqual(await held({ vm_id: 'vm-e' }), [], from);
    }
  });
});
