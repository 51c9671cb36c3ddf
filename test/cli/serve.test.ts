import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { SETTINGS } from '../../src/config/load.ts';
import { runCli } from '../support/cli.ts';
import { tableRows } from '../support/page.ts';
import { post } from '../support/requests.ts';
import { startServer } from '../support/server.ts';

const dir = mkdtempSync(join(tmpdir(), 'ippool-cli-'));
after(() => rmSync(dir, { recursive: true }));

/** So that a run which should have been refused and serves instead disturbs nobody; runCli ends it. */
const data = ['--data', join(dir, 'data'), '--port', '0'];

async function refused(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
  const { code, stdout, stderr } = await runCli([...args, ...data], { env, cwd: dir });
  assert.equal(code, 2, `${args.join(' ')}: ${stderr}`);
  assert.equal(stdout, '');
  assert.match(stderr, /^ippool: [^\n]+\n$/);
  assert.equal(existsSync(join(dir, 'data')), false, 'nothing may be created');
  return stderr;
}

describe('ippool', () => {
  it('prints the version of package.json with -v and --version', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
      version: string;
    };
    for (const flag of ['-v', '--version']) {
      assert.deepEqual(await runCli([flag]), { code: 0, stdout: `ippool, ${version}\n`, stderr: '' });
    }
  });

  it('shows every flag with its default and its meaning, within 120 columns, with -h and serve -h', async () => {
    for (const args of [['-h'], ['--help'], ['serve', '-h']]) {
      const { code, stdout, stderr } = await runCli(args);
      assert.equal(code, 0);
      assert.equal(stderr, '');
      for (const { name, short, help, fallback } of SETTINGS) {
        const line = stdout.split('\n').find((text) => text.includes(` --${name} `)) ?? '';
        assert.ok(line.includes(help), `--${name}: ${line}`);
        if (short !== undefined) assert.ok(line.includes(`-${short}, `), `-${short}: ${line}`);
        if (fallback !== undefined) assert.ok(line.includes(`(default ${fallback})`), `--${name}: ${line}`);
      }
      assert.match(stdout, /-c, --config/);
      const longest = Math.max(...stdout.split('\n').map((line) => line.length));
      assert.ok(longest <= 120, `a line of ${longest} columns`);
    }
  });
});

describe('the table of commands in docs/cli.md', () => {
  it('has every command that --help shows', async () => {
    const rows = tableRows('docs/cli.md', 'command').map(([cell = '']) => cell.split(/[^\w-]+/));
    const { stdout } = await runCli(['--help']);
    const commands = [...stdout.matchAll(/^ {4}([a-z][a-z-]*(?: [a-z-]+)?) {2,}/gm)].map(([, words = '']) => words);
    assert.ok(commands.includes('network add') && commands.includes('serve'), commands.join());
    for (const command of commands) {
      const [noun = '', verb = noun] = command.split(' ');
      assert.ok(
        rows.some((words) => words.includes(noun) && words.includes(verb)),
        command,
      );
    }
  });
});

describe('ippool network --help', () => {
  it('shows the commands of that word, and no others', async () => {
    for (const [noun, verb] of [
      ['network', 'update'],
      ['cluster', 'init'],
      ['journal', 'repair'],
    ] as const) {
      const { code, stdout, stderr } = await runCli([noun, '--help']);
      assert.deepEqual([code, stderr], [0, '']);
      const commands = stdout.split('\n').filter((line) => /^ {4}[a-z]/.test(line));
      assert.ok(commands.some((line) => line.startsWith(`    ${noun} ${verb} `)));
      assert.ok(
        commands.every((line) => line.startsWith(`    ${noun} `)),
        stdout,
      );
    }
  });
});

describe('ippool refuses in one line, with exit code 2,', () => {
  it('unknown flags and commands', async () => {
    await Promise.all([
      refused(['--prot', '1']).then((line) => assert.match(line, /--prot/)),
      refused(['-x']).then((line) => assert.match(line, /-x/)),
      refused(['--no-such']).then((line) => assert.match(line, /--no-such/)),
      refused(['sevre']).then((line) => assert.match(line, /sevre/)),
      refused(['serve', 'now']).then((line) => assert.match(line, /now/)),
    ]);
  });

  it('bad values of flags', async () => {
    await Promise.all([
      refused(['--network', '10.1.2.3/16']).then((line) => assert.match(line, /--network .*10\.1\.0\.0\/16/)),
      refused(['--memory', 'maybe']).then((line) => assert.match(line, /maybe/)),
      refused(['--gateway', '10.0.0.1', '--network', '172.16.0']).then((line) =>
        assert.match(line, /--gateway: gateway 10\.0\.0\.1 .*172\.16\.0\.1/),
      ),
      refused(['--exclude', '10.0.0.1', '--network', '172.16.0']).then((line) =>
        assert.match(line, /--exclude: excluded 10\.0\.0\.1 /),
      ),
      refused(['--no-host']).then((line) => assert.match(line, /--host/)),
      refused(['--strategy']).then((line) => assert.match(line, /--strategy/)),
    ]);
  });

  it('bad values of the environment and of a file', async () => {
    const [best, torn] = [join(dir, 'best.json'), join(dir, 'torn.json')];
    writeFileSync(best, '{\n  "strategy": "best"\n}');
    writeFileSync(torn, '{\n  "strategy": oops\n}');
    await Promise.all([
      refused([], { IPPOOL_STRATEGY: 'best' }).then((line) => assert.match(line, /IPPOOL_STRATEGY/)),
      refused(['--config', best]).then((line) => assert.match(line, /"strategy" in .*best\.json/)),
      refused([], { IPPOOL_CONFIG: torn }).then((line) => assert.match(line, /torn\.json/)),
      refused(['--config', best, '--config', best]).then((line) => assert.match(line, /--config/)),
    ]);
  });

  it('data that must exist where nothing is kept', async () => {
    await refused(['--memory', '--require-existing']).then((line) => assert.match(line, /--require-existing/));
  });

  it('a gateway that the default network cannot have', async () => {
    const { code, stderr } = await runCli(['--gateway', '10.0.0.1', ...data]);
    assert.equal(code, 2);
    assert.match(stderr, /^ippool: --gateway: gateway 10\.0\.0\.1 [^\n]+\n$/);
  });
});

describe('ippool serve', () => {
  it('prints the port that port 0 picked, and the settings it runs with', async (t) => {
    const server = await startServer({ args: ['--memory', '-n', '10.9.0', '-g', '10.9.0.9', '--exclude', '10.9.0.4'] });
    t.after(() => server.kill('SIGKILL'));
    const ready = server
      .stdout()
      .split('\n')
      .find((line) => line.includes('"ready on '));
    const port = Number(new URL(server.url).port);
    assert.ok(port > 0);
    const facts = JSON.parse(ready ?? '{}') as Record<string, unknown>;
    assert.equal(facts.url, `http://127.0.0.1:${port}`);
    assert.match(
      String(facts.msg),
      /^ready on http:.*: 10\.9\.0\.0\/24 with gateway 10\.9\.0\.9, 0 of 252 addresses given, kept in memory only$/,
    );
    assert.equal(facts.network, '10.9.0.0/24');
    assert.equal(facts.gateway, '10.9.0.9');
    assert.deepEqual(facts.excluded, ['10.9.0.4']);
    assert.equal((await fetch(`${server.url}/readyz`)).status, 200);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    assert.equal(server.stderr(), '');
  });

  it('warns that --memory keeps nothing, and keeps nothing', async (t) => {
    const server = await startServer({ args: ['--memory'], cwd: dir });
    t.after(() => server.kill('SIGKILL'));
    const warnings = server
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"level":40'));
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /--memory/);
    await server.stop();
    assert.equal(existsSync(join(dir, 'ippool-data')), false);
  });

  it('warns of variables that look like settings and are none', async (t) => {
    const known = { IPPOOL_STRATEGY: 'lowest', IPPOOL_URL: 'http://hook', IPPOOL_PORT_8080_TCP: 'tcp://10.0.0.1:8080' };
    const server = await startServer({ args: ['--memory'], env: { ...known, IPPOOL_EXCLUDES: '172.16.0.5' } });
    t.after(() => server.kill('SIGKILL'));
    const warnings = server
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"level":40'));
    assert.equal(warnings.filter((line) => !line.includes('--memory')).length, 1, warnings.join('\n'));
    assert.match(warnings.join('\n'), /IPPOOL_EXCLUDES/);
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
  });

  it('ends with 69 and names the port when another process listens there', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    const { code, stdout, stderr } = await runCli(['--memory', '--port', String(port)]);
    other.close();
    assert.equal(code, 69);
    assert.equal(stdout, '');
    assert.match(stderr, new RegExp(`^ippool: [^\\n]*${port}[^\\n]*\\n$`));
  });

  it('ends with 69 when it cannot listen on the host', async () => {
    const { code, stderr } = await runCli(['--memory', '--port', '0', '--host', '203.0.113.1']); // of RFC 5737: nobody's
    assert.equal(code, 69);
    assert.match(stderr, /^ippool: [^\n]*203\.0\.113\.1[^\n]*--host[^\n]*\n$/);
  });

  it('ends with 74 and names the flag when something else stands where the data folder should be', async () => {
    const file = join(dir, 'a-file');
    writeFileSync(file, '');
    for (const path of [file, join(file, 'below')]) {
      const { code, stderr } = await runCli(['--data', path, '--port', '0']);
      assert.equal(code, 74);
      assert.match(stderr, /^ippool: [^\n]*a-file[^\n]* a file [^\n]*--data[^\n]*\n$/);
    }
  });

  it('takes flags before and after the command, short, long and with =', async (t) => {
    const server = await startServer({ args: ['serve', '--memory', '--network=10.8.0.0/30', '-d'] });
    t.after(() => server.kill('SIGKILL'));
    const stats = (await (await fetch(`${server.url}/api/v1/ip/stats`)).json()) as { network: string };
    assert.equal(stats.network, '10.8.0.0/30');
    await server.stop();
    assert.match(server.stdout(), /"path":"\/api\/v1\/ip\/stats"/); // -d logs every request
  });

  it('finishes what is under way at the first signal, and ends at once at the second, whichever it is', async (t) => {
    for (const [first, second] of [
      ['SIGTERM', 'SIGINT'],
      ['SIGINT', 'SIGTERM'],
    ] as const) {
      const server = await startServer({ args: ['--memory'] });
      t.after(() => server.kill('SIGKILL'));
      const { hostname, port } = new URL(server.url);
      const socket = connect(Number(port), hostname); // a request that is never finished keeps it waiting
      socket.on('error', () => undefined).write(post('Content-Length: 16\r\nExpect: 100-continue\r\n'));
      await once(socket, 'data');
      server.child.kill(first);
      while (!server.stdout().includes('"msg":"stopping')) await once(server.child.stdout, 'data');
      // Not by the signal itself: to process 1 of a container nothing happens by default.
      assert.deepEqual(await server.kill(second), { code: second === 'SIGINT' ? 130 : 143, signal: null });
      socket.destroy();
    }
  });
});
