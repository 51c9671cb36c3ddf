import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, it, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readCompose } from '../support/compose-file.ts';
import { type Exit, type Server, startServer } from '../support/server.ts';
import { missingTools } from '../support/tools.ts';
import { layBase } from './base.ts';
import { boxed, environmentOf, type Restrictions } from './box.ts';
import { type Buildah, createBuildah, type ImageConfig } from './buildah.ts';

const SOURCE = fileURLToPath(new URL('../../', import.meta.url));
/** The base that the Dockerfile names: an image of that name is there, so that none is looked for elsewhere. */
const BASE = 'docker.io/library/node:24-bookworm-slim';
const IMAGE = 'localhost/ippool-test';
/** The build takes 40 s on two quiet cores, most of it npm. */
const TIMEOUT_MS = 280_000;
/** As in config/compose.yaml. */
const STOP_MS = 10_000;

const tools = { buildah: 'buildah', unshare: 'util-linux', setpriv: 'util-linux', 'docker-compose': 'docker-compose' };
const skip = missingTools(tools) || (process.getuid?.() !== 0 && 'mounting needs root');

describe('the image of the Dockerfile', { skip, timeout: TIMEOUT_MS }, () => {
  let buildah: Buildah;
  let image: ImageConfig;
  /** Root folder of a container of it. */
  let root: string;
  let limits: Restrictions;
  let composed: Readonly<Record<string, string>>;

  before(async () => {
    buildah = await createBuildah();
    const files = join(buildah.folder, 'base');
    const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin', ...(await layBase(files)) };
    const base = (await buildah.run('from', 'scratch')).trim();
    await buildah.run('add', '--quiet', base, files, '/');
    await buildah.run('config', ...Object.entries(env).map(([name, value]) => `--env=${name}=${value}`), base);
    await buildah.run('commit', '--quiet', '--rm', base, BASE);
    const options = ['--isolation', 'chroot', '--network', 'host', '--pull-never', '--layers=false'];
    await buildah.run('bud', ...options, '--format', 'docker', '--tag', IMAGE, SOURCE);
    image = await buildah.config(IMAGE);
    root = await buildah.unpack(IMAGE);
    const { ippool } = await readCompose(join(SOURCE, 'config/compose.yaml'));
    limits = { pids: ippool?.pids_limit ?? 0 };
    composed = ippool?.environment ?? {};
  });
  after(() => buildah.remove());

  it('runs node itself, so that SIGTERM reaches it, as a user that is a number', () => {
    assert.deepEqual(image.Entrypoint, ['node', '/app/dist/main.js']);
    assert.deepEqual(image.Cmd ?? [], []);
    assert.match(image.User ?? '', /^[1-9]\d*:[1-9]\d*$/);
    assert.equal(image.StopSignal, 'SIGTERM');
  });

  it('listens on all addresses of the container, and keeps its data in the one volume', async () => {
    const { IPPOOL_HOST, IPPOOL_DATA, NODE_ENV } = environmentOf(image);
    assert.deepEqual([IPPOOL_HOST, NODE_ENV], ['0.0.0.0', 'production']);
    assert.deepEqual(Object.keys(image.Volumes ?? {}), [IPPOOL_DATA]);
    assert.deepEqual(Object.keys(image.ExposedPorts ?? {}), ['8080/tcp']);
    const { uid, gid, mode } = await stat(join(root, IPPOOL_DATA ?? ''));
    assert.equal(`${uid}:${gid}`, image.User);
    assert.equal(mode & 0o777, 0o700);
  });

  it('holds compiled JavaScript and what it needs to run, nothing else', async () => {
    const app = join(root, 'app');
    assert.deepEqual((await readdir(app)).sort(), ['LICENSE', 'dist', 'node_modules', 'package.json']);
    const compiled = await readdir(join(app, 'dist'), { recursive: true });
    assert.ok(compiled.includes('main.js'));
    assert.deepEqual(
      compiled.filter((name) => name.endsWith('.ts') || name.endsWith('.test.js')),
      [],
    );
    assert.deepEqual(await readdir(join(root, 'root')), ['.npmrc']); // the stand-in's; no cache of npm
  });

  it('holds the dependencies, and none that only development needs', async () => {
    const { dependencies, devDependencies } = JSON.parse(await readFile(join(SOURCE, 'package.json'), 'utf8')) as {
      dependencies: object;
      devDependencies: object;
    };
    const { packages } = JSON.parse(await readFile(join(SOURCE, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, { dev?: boolean }>;
    };
    const modules = await readdir(join(root, 'app/node_modules'), { recursive: true });
    for (const name of Object.keys(dependencies)) assert.ok(modules.includes(join(name, 'package.json')), name);
    // Some are dependencies of dependencies too: @types/node is one of protobufjs.
    const onlyDevelopment = Object.keys(devDependencies).filter((name) => packages[`node_modules/${name}`]?.dev);
    assert.ok(onlyDevelopment.length > 5);
    for (const name of onlyDevelopment) assert.ok(!modules.includes(name), name);
  });

  it('has the address of a VM again after SIGTERM and a new container on the same volume', async (t) => {
    const volume = await newVolume('kept');
    const first = await start(t, volume);
    const given = await allocate(first, 'vm-1');
    assert.equal(given.status, 201);
    assert.equal(await check(volume, first), 0);
    assert.deepEqual(await terminate(first), { code: 0, signal: null });
    assert.equal(await check(volume, first), 1);

    const second = await start(t, volume);
    const again = await allocate(second, 'vm-1');
    assert.deepEqual(again, { ...given, status: 200 });
    assert.deepEqual(await terminate(second), { code: 0, signal: null });
  });

  it('needs nothing that config/compose.yaml takes away', async (t) => {
    const server = await start(t, await newVolume('strict'));
    const process = await hostPid(server);
    const status = await readFile(`/proc/${process}/status`, 'utf8');
    const [uid = '', gid = ''] = (image.User ?? '').split(':');
    assert.match(status, new RegExp(`^Uid:\\s+${uid}\\s+${uid}\\s`, 'm'));
    assert.match(status, new RegExp(`^Gid:\\s+${gid}\\s+${gid}\\s`, 'm'));
    assert.match(status, /^Groups:\s*$/m);
    assert.match(status, /^CapEff:\s+0+$/m);
    assert.match(status, /^CapBnd:\s+0+$/m);
    assert.match(status, /^NoNewPrivs:\s+1$/m);
    assert.match(status, /^NSpid:\s+\d+\s+1$/m); // process 1 gets no signal that it has no handler for
    const mounts = await readFile(`/proc/${process}/mountinfo`, 'utf8');
    assert.match(mounts, /^\d+ \d+ \S+ \S+ \/ ro[, ]/m);
    assert.match(
      await readFile(`/proc/${process}/limits`, 'utf8'),
      new RegExp(`^Max processes\\s+${limits.pids} `, 'm'),
    );
    assert.equal((await allocate(server, 'vm-1')).status, 201);
  });

  it('is checked often, and given less time for it than the check allows itself', () => {
    const { Interval = 0, Timeout = 0 } = image.Healthcheck ?? {};
    assert.ok(Interval <= 30e9 && Timeout <= 5e9 && Timeout < Interval);
    const limit = Number(/AbortSignal\.timeout\((\d+)\)/.exec(image.Healthcheck?.Test.join(' ') ?? '')?.[1]);
    assert.ok(limit * 1e6 < Timeout);
  });

  /** An empty folder that belongs to the user of the image, as Docker makes a named volume. */
  async function newVolume(name: string): Promise<string> {
    const volume = join(buildah.folder, name);
    await mkdir(volume, { mode: 0o700 });
    const [uid = 0, gid = 0] = (image.User ?? '').split(':').map(Number);
    await chown(volume, uid, gid);
    return volume;
  }

  async function start(t: TestContext, volume: string): Promise<Server> {
    const server = await startServer({
      command: boxed(image, root, volume, limits, image.Entrypoint ?? []),
      env: { ...environmentOf(image), ...composed },
    });
    t.after(() => server.kill('SIGKILL'));
    return server;
  }

  /** Runs the HEALTHCHECK. Returns its exit code. */
  async function check(volume: string, server: Server): Promise<number | null> {
    const [kind, ...command] = image.Healthcheck?.Test ?? [];
    assert.equal(kind, 'CMD');
    const [program, ...args] = boxed(image, root, volume, limits, command);
    const env = { ...environmentOf(image), IPPOOL_PORT: new URL(server.url).port };
    const child = spawn(program, args, { env, stdio: 'inherit', timeout: 30_000 });
    const [code] = (await once(child, 'close')) as [number | null];
    return code;
  }
});

async function allocate(server: Server, vmId: string): Promise<{ status: number; body: unknown }> {
  const answer = await fetch(`http://127.0.0.1:${new URL(server.url).port}/api/v1/ip/allocate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ vm_id: vmId }),
  });
  return { status: answer.status, body: await answer.json() };
}

/** Stops as a container runtime does: SIGTERM to process 1, and SIGKILL to one that does not care. */
async function terminate(server: Server): Promise<Exit> {
  process.kill(await hostPid(server), 'SIGTERM'); // unshare ignores it, and ends with the code of that one
  const late = setTimeout(() => void server.kill('SIGKILL'), STOP_MS);
  return server.exited.finally(() => clearTimeout(late));
}

/** Process 1 of the box, as this host numbers it. */
async function hostPid({ pid }: Server): Promise<number> {
  return Number((await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim());
}
