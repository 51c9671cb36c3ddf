import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { PoolError } from '../../errors.ts';
import { ioError } from './folder.ts';

/**
 * Takes a data folder for this process: flock(2) on its LOCK file, exclusive, without waiting.
 *
 * Node has no flock, but a lock belongs to the open file description, and a child shares those that it inherits: so
 * flock(1) of util-linux (or busybox) locks our descriptor and exits, and the lock stays with us until we close it or
 * die, by kill -9 too. No lock file is ever left behind to be cleaned up.
 *
 * @throws PoolError `data_locked` when another process has it, `data_io` when LOCK cannot be opened or flock(1) is missing
 */
export async function lockFolder(dir: string, flags: 'a+' | 'r' = 'a+'): Promise<FileHandle> {
  const path = join(dir, 'LOCK');
  let handle: FileHandle;
  try {
    handle = await open(path, flags, 0o600);
  } catch (cause) {
    throw ioError(`open ${path}`, cause);
  }
  try {
    if (await flock(handle.fd, path)) return handle;
    const holder = (await handle.readFile('utf8')).trim();
    throw new PoolError(
      'data_locked',
      `${dir} is in use by another ippool${holder ? ` (process ${holder})` : ''}: stop that one, or use another --data folder`,
      { dir },
    );
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Takes a data folder for reading only, without making anything in it; undefined when nobody ever served from it. */
export async function lockForReading(dir: string): Promise<FileHandle | undefined> {
  return existsSync(join(dir, 'LOCK')) ? lockFolder(dir, 'r') : undefined;
}

/** Whether somebody ever served from the folder of this lock; a journal was on the disk before the first signature. */
export async function isSigned(lock: FileHandle): Promise<boolean> {
  return (await lock.stat()).size > 0;
}

/** Notes who holds the lock, for the error line that the next one prints. */
export async function signLock(lock: FileHandle, pid: number): Promise<void> {
  await lock.truncate();
  await lock.write(`${pid}\n`);
}

function flock(fd: number, path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn('flock', ['-x', '-n', '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    child.on('error', (cause) => {
      reject(
        new PoolError(
          'data_io',
          'Cannot lock the data folder: the command flock is missing. Install util-linux, or use --memory',
          { path },
          cause,
        ),
      );
    });
    child.on('exit', (code) => {
      if (code === 0 || code === 1) resolve(code === 0);
      else reject(new PoolError('data_io', `Cannot lock ${path}: flock exited with ${String(code)}`, { path }));
    });
  });
}
