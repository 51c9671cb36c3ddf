import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { cloneCheckout } from './checkout.ts';
import type { Run } from './run.ts';

// One checkout, from its first start on: the tests build on each other, because an install takes its time.

const READY = /"url":"([^"]+)".*"msg":"ready on .*\n/;
const INSTALL = /ippool: install/;
const COMPILE = /ippool: compile/;

const checkout = cloneCheckout();
after(() => checkout.remove());

const data = join(checkout.beside, 'data');
const serving = (folder = data) => ['--port', '0', '--data', folder];
const npmStart = (folder = data) => checkout.spawn('npm', ['start', '--', ...serving(folder)]);

async function allocate(run: Run): Promise<{ status: number; ip: string }> {
  const answer = await fetch(`${await run.printed(READY)}/api/v1/ip/allocate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', connection: 'close' },
    body: '{"vm_id":"vm-1"}',
  });
  const { ip } = (await answer.json()) as { ip: string };
  return { status: answer.status, ip };
}

/** SIGTERM; what the server says of it shows that it was not just cut off. */
async function stop(run: Run): Promise<void> {
  await run.end('SIGTERM');
  assert.match(run.stdout(), /"msg":"stopped"/);
}

/** Changes whenever something is installed: npm writes it last, into a folder that it has emptied. */
function installed(): { inode: number; written: number } {
  const { ino, mtimeMs } = statSync(join(checkout.dir, 'node_modules', '.package-lock.json'));
  return { inode: ino, written: mtimeMs };
}

describe('npm start', () => {
  it('installs, compiles and serves in a fresh checkout', async () => {
    const run = npmStart();
    assert.deepEqual(await allocate(run), { status: 201, ip: '172.16.0.2' });
    assert.match(run.stderr(), INSTALL);
    assert.match(run.stderr(), COMPILE);
    await stop(run);
  });

  it('neither installs nor compiles a second time, and knows the address', async () => {
    const before = installed();
    const run = npmStart();
    assert.deepEqual(await allocate(run), { status: 200, ip: '172.16.0.2' });
    assert.doesNotMatch(run.stderr(), INSTALL);
    assert.doesNotMatch(run.stderr(), COMPILE);
    assert.deepEqual(installed(), before);
    await stop(run);
  });
});

describe('ippool in a checkout', () => {
  it('is what `npx .` serves with', async () => {
    // A cache of its own: npx leaves a link to the checkout there.
    const run = checkout.spawn('npx', ['.', ...serving()], { npm_config_cache: join(checkout.beside, 'cache') });
    assert.equal((await allocate(run)).status, 200);
    await stop(run);
  });

  it('is installed globally by `npm install -g .`', async () => {
    const prefix = join(checkout.beside, 'prefix');
    const install = checkout.spawn('npm', ['install', '-g', '--prefix', prefix, '.']);
    assert.equal((await install.exited).code, 0, install.stderr());
    const ippool = join(prefix, 'bin', 'ippool');
    const version = checkout.spawn(ippool, ['--version']);
    assert.deepEqual(await version.exited, { code: 0, signal: null });
    assert.equal(version.stdout(), `ippool, ${packageVersion()}\n`);
    const run = checkout.spawn(ippool, serving());
    assert.equal((await allocate(run)).status, 200);
    await stop(run);
    assert.deepEqual(await run.exited, { code: 0, signal: null });
  });

  it('is whole in what `npm pack` makes', async () => {
    // Below the checkout, so that it finds the packages that are installed there.
    const folder = join(checkout.dir, 'node_modules', '.packed');
    mkdirSync(folder);
    const pack = checkout.spawn('npm', ['pack', '--pack-destination', folder]);
    assert.equal((await pack.exited).code, 0, pack.stderr());
    const tar = checkout.spawn('tar', ['-xf', join(folder, `ippool-${packageVersion()}.tgz`), '-C', folder]);
    assert.equal((await tar.exited).code, 0, tar.stderr());
    const run = checkout.spawn(process.execPath, [join(folder, 'package', 'src', 'bin.mjs'), ...serving()]);
    assert.equal((await allocate(run)).status, 200);
    await stop(run);
    assert.doesNotMatch(run.stderr(), COMPILE, 'an installed package has nothing to set up');
  });
});

describe('npm start, again', () => {
  it('installs when the lock file has changed', async () => {
    appendFileSync(join(checkout.dir, 'package-lock.json'), '\n');
    const run = npmStart();
    assert.match(await run.printed(/ippool: install|ready on/), INSTALL);
    // The next test installs to the end; this one leaves a half of it, and a lock whose holder was killed.
    await run.end('SIGKILL');
  });

  it('is safe twice at the same time after a kill: one sets up, both serve', async () => {
    for (const made of ['node_modules', 'dist']) {
      rmSync(join(checkout.dir, made), { recursive: true, force: true });
    }
    const runs = ['a', 'b'].map((name) => npmStart(join(checkout.beside, name)));
    const answers = await Promise.all(runs.map(allocate));
    assert.deepEqual(
      answers.map(({ status }) => status),
      [201, 201],
    );
    for (const stage of [INSTALL, COMPILE]) {
      assert.equal(runs.filter((run) => stage.test(run.stderr())).length, 1, stage.source);
    }
    await Promise.all(runs.map(stop));
  });
});

function packageVersion(): string {
  const text = readFileSync(join(checkout.dir, 'package.json'), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
