import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { PoolError } from '../../errors.ts';
import { ioError } from './folder.ts';

/**
 * Locks a data folder for this process: flock(2) on its LOCK file, exclusive, without waiting.
 *
 * Node has no flock. A lock belongs to the open file description, which a child process inherits: flock(1) of util-linux or
 * busybox locks our descriptor and exits, and the lock stays until we close the descriptor or die, even by kill -9. So no
 * stale lock has to be cleaned up.
 *
 * @throws PoolError `data_locked` when another process has the lock, `data_io` when LOCK cannot be opened or flock(1) is missing
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

/** Locks a data folder for reading and creates nothing in it; undefined when no server has ever used it. */
export async function lockForReading(dir: string): Promise<FileHandle | undefined> {
  return existsSync(join(dir, 'LOCK')) ? lockFolder(dir, 'r') : undefined;
}

/** Whether a server has used the folder of this lock. The first journal is on the disk before the first signature. */
export async function isSigned(lock: FileHandle): Promise<boolean> {
  return (await lock.stat()).size > 0;
}

/** Writes the process id into LOCK, for the error message of a second process. */
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
