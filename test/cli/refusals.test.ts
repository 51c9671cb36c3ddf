import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { runCli } from '../support/cli.ts';
import { startServer } from '../support/server.ts';

/** Nobody listens there, and fetch does not refuse to ask, as it does for many ports of services. */
const NOBODY = { IPPOOL_SERVER: 'http://127.0.0.1:2' };

async function refused(args: readonly string[], exit: number, env: Readonly<Record<string, string>> = NOBODY) {
  const { code, stdout, stderr } = await runCli(args, { env });
  assert.deepEqual([code, stdout], [exit, ''], `${args.join(' ')}: ${stderr}`);
  assert.match(stderr, /^ippool: [^\n]+\n$/);
  return stderr;
}

describe('ippool, exit code 2: usage,', () => {
  const lines: readonly [line: string, names: RegExp][] = [
    ['network', /network add/],
    ['network frob', /frob/],
    ['network add', /network add 10/],
    ['network add 10.1.0.0/16 --colour red', /--colour/],
    ['network add 10.1.0.0/16 --cooldown soon', /--cooldown/],
    ['network update default', /--drain/],
    ['allocate -k none', /--count/],
    ['allocate -k -1', /-1/],
    ['allocate --hostname a --hostname b', /--hostname/],
    ['allocate --separate', /--separate/],
    ['release', /release 192/],
    ['release 10.0.0.1 --vm vm-1', /--vm/],
    ['list --status gone', /--status/],
    ['list --server http:// --json', /--server/],
    ['list --server http://127.0.0.1:2 --db x', /--db/],
    ['history', /history 192/],
    ['audit --since yesterday', /--since/],
    ['reconcile', /--live/],
    ['reconcile --live no-such-file', /no-such-file/],
    ['import', /import FILE/],
    ['import no-such-file', /no such file/],
    ['import /dev/null', /--format/],
    ['export', /--format/],
    ['server -a nowhere', /--address/],
  ];
  for (let i = 0; i < lines.length; i += 4) {
    const some = lines.slice(i, i + 4);
    it(some.map(([line]) => line).join('; '), async () => {
      const said = await Promise.all(some.map(([line]) => refused(line.split(' '), 2)));
      for (const [j, [, names]] of some.entries()) assert.match(said[j] ?? '', names);
    });
  }

  it('an actor that no header can carry', async () => {
    assert.match(await refused(['list', '--actor', 'Zoë'], 2), /--actor/);
  });
});

describe('ippool, exit code 3: not reachable,', () => {
  it('when nobody listens', async () => {
    assert.match(await refused(['list'], 3), /127\.0\.0\.1:2: connect ECONNREFUSED .*--server/);
    assert.match(await refused(['list', '--server', '127.0.0.1:2'], 3, {}), /127\.0\.0\.1:2: connect ECONNREFUSED/);
  });
});

describe('ippool, exit code 1: the service said no,', () => {
  it('with its code', async (t) => {
    const server = await startServer({ args: ['--memory'] });
    t.after(() => server.kill('SIGKILL'));
    const env = { IPPOOL_SERVER: server.url };
    assert.match(await refused(['allocate', '-c', '10.0.0.0/8'], 1, env), /\(network_not_found\)\n$/);
    assert.match(await refused(['network', 'add', '172.16.0.0/16'], 1, env), /\(network_overlap\)\n$/);
    assert.match(await refused(['network', 'delete', 'none', '--json'], 1, env), /\(network_not_found\)\n$/);
    assert.match(await refused(['release', '172.16.0.9'], 1, env), /172\.16\.0\.9 not found: nobody/);
    assert.match(await refused(['release', '10.0.0.1'], 1, env), /10\.0\.0\.1 not found: no network/);
    assert.match(await refused(['release', 'fd00::1'], 1, env), /fd00::1 not found: no network/);
    assert.match(await refused(['release', '172.16.0.999'], 1, env), /"172\.16\.0\.999"/);
  });
});
