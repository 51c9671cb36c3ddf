import { execFile } from 'node:child_process';
import { chmod, copyFile, cp, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { pathOf } from '../support/tools.ts';

const run = promisify(execFile);

/** What the Dockerfile, npm and ippool call; every one is also in node:24-bookworm-slim. setpriv is for box.ts. */
const PROGRAMS = ['sh', 'env', 'install', 'flock', 'setpriv'];
const PASSWD = 'root:x:0:0:root:/root:/bin/sh\n';

/**
 * Lays out the root of an image that stands in for node:24-bookworm-slim, from files of this host: no registry of images
 * is needed, and it takes three seconds. Node has the version that runs the tests.
 *
 * @returns variables that the image needs to reach the npm registry as this host does
 */
export async function layBase(root: string): Promise<Readonly<Record<string, string>>> {
  for (const folder of ['usr/bin', 'usr/lib/node_modules', 'etc', 'dev', 'proc', 'sys', 'root', 'tmp', 'var/lib']) {
    await mkdir(join(root, folder), { recursive: true });
  }
  await chmod(join(root, 'tmp'), 0o1777);
  await symlink('usr/bin', join(root, 'bin'));
  await writeFile(join(root, 'etc/passwd'), PASSWD);
  await copyProgram('node', process.execPath, root);
  for (const name of PROGRAMS) await copyProgram(name, existing(name), root);

  const npm = dirname(dirname(await realpath(existing('npm'))));
  await cp(npm, join(root, 'usr/lib/node_modules/npm'), { recursive: true });
  await symlink('../lib/node_modules/npm/bin/npm-cli.js', join(root, 'usr/bin/npm'));
  const { stdout: registry } = await run('npm', ['config', 'get', 'registry']);
  await writeFile(join(root, 'root/.npmrc'), `registry=${registry}`);

  // Behind a proxy with a certificate of its own.
  const certificates = process.env.NODE_EXTRA_CA_CERTS;
  if (!certificates) return {};
  await copyFile(certificates, join(root, 'etc/extra-ca.pem'));
  return { NODE_EXTRA_CA_CERTS: '/etc/extra-ca.pem' };
}

async function copyProgram(name: string, path: string, root: string): Promise<void> {
  await copyFile(await realpath(path), join(root, 'usr/bin', name));
  const { stdout } = await run('ldd', [path]);
  for (const [library] of stdout.matchAll(/\/\S+/g)) {
    await mkdir(dirname(join(root, library)), { recursive: true });
    await copyFile(library, join(root, library)); // follows links
  }
}

function existing(command: string): string {
  const path = pathOf(command);
  if (path === undefined) throw new Error(`${command} is not in PATH`);
  return path;
}
