import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Context, scratch } from './serving.ts';

export interface SmallDisk {
  /** The path of the folder for a process under {@link enter}. */
  readonly dir: string;
  /** The path of the same folder for this process. */
  readonly seen: string;
  /** A command prefix for a process that uses this disk. */
  readonly enter: string[];
}

/**
 * A tmpfs of this size (such as `256k`) in its own mount namespace. Nobody else sees it, and it disappears with the
 * process that keeps the namespace open, which exits with the test or with us.
 */
export async function smallDisk(context: Context, size: string): Promise<SmallDisk> {
  const dir = join(scratch(context), 'disk');
  mkdirSync(dir);
  const isRoot = process.getuid?.() === 0;
  const script = 'mount -t tmpfs -o "size=$1" tmpfs "$0" && echo mounted && exec cat';
  const namespaces = isRoot ? ['-m'] : ['-m', '-U', '-r'];
  const holder = spawn('unshare', [...namespaces, '--propagation', 'private', 'sh', '-c', script, dir, size]);
  context.after(() => holder.kill('SIGKILL'));
  let complaint = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (complaint += text));
  await Promise.race([
    once(holder.stdout, 'data'),
    once(holder, 'close').then(() => {
      throw new Error(`cannot mount a small disk: ${complaint}`);
    }),
  ]);
  const pid = String(holder.pid);
  const into = isRoot ? ['-m'] : ['-U', '--preserve-credentials', '-m'];
  return { dir, seen: join('/proc', pid, 'root', dir), enter: ['nsenter', '-t', pid, ...into] };
}
