import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpacked } from './debian.ts';
import { pathOf } from './tools.ts';

/** The path of nginx: from the PATH, otherwise unpacked from Debian's package. @throws Error if neither works */
export function nginxBinary(): string {
  return pathOf('nginx') ?? join(unpacked(['nginx']), 'usr/sbin/nginx');
}

/** For the `skip` of a test that needs nginx. @throws Error with the same text when CI is set */
export function missingNginx(): string | false {
  try {
    nginxBinary();
    return false;
  } catch (error) {
    const remedy = 'nginx missing: apt-get install --no-install-recommends nginx';
    if (process.env.CI) throw new Error(remedy, { cause: error });
    return remedy;
  }
}

/** A real nginx in front of the servers, in a temporary folder. @param site the file for conf.d */
export async function startNginx(site: string, url: string): Promise<{ stop(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'ippool-nginx-'));
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  );
  writeFileSync(
    join(folder, 'nginx.conf'),
    `daemon off; pid ${folder}/pid; worker_processes 1; error_log stderr;
     events { worker_connections 256; }
     http { access_log off; ${places.join(' ')}\n${site}\n}\n`,
  );
  const child = spawn(nginxBinary(), ['-e', 'stderr', '-p', folder, '-c', join(folder, 'nginx.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let output = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const ended = new Promise<void>((resolve) => {
    child.on('error', () => resolve());
    child.on('close', () => resolve());
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  };
  for (const end = Date.now() + 10_000; ;) {
    const isUp = await fetch(url).then(
      () => true,
      () => false,
    );
    if (isUp) return { stop };
    if (child.exitCode !== null || Date.now() > end) {
      await stop();
      throw new Error(`nginx does not respond: ${output}`);
    }
    await sleep(20);
  }
}
