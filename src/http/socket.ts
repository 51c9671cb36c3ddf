import { existsSync, lstatSync, unlinkSync } from 'node:fs';
import { connect, type Server } from 'node:net';
import { dirname } from 'node:path';
import { PoolError } from '../errors.ts';

/** Read and write for user and group: what umask has to leave of 0777. */
const UMASK = 0o117;

/** Binds a server to a Unix socket and replaces a file that nobody listens on. @throws PoolError `listen_failed` */
export async function bindSocket(server: Server, path: string): Promise<void> {
  try {
    await bind(server, path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw bindError(path, cause);
    if (!isSocket(path)) throw failed(path, 'a file that is no socket has this name: choose another --socket', cause);
    if (await hasListener(path)) {
      throw failed(path, 'another process listens there: stop it, or choose another --socket', cause);
    }
    unlinkSync(path);
    await bind(server, path).catch((error: unknown) => {
      throw bindError(path, error);
    });
  }
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Node creates the file before `listen` returns, so that nobody else sees the umask, nor the file with another mode.
    const umask = process.umask(UMASK);
    try {
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    } finally {
      process.umask(umask);
    }
  });
}

function isSocket(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false })?.isSocket() ?? true; // removed meanwhile
}

/** Whether a process accepts connections. A full backlog and a missing permission mean that one exists. */
function hasListener(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    const settle = (found: boolean) => {
      probe.destroy();
      resolve(found);
    };
    probe.once('connect', () => settle(true));
    probe.once('error', ({ code }: NodeJS.ErrnoException) => settle(code !== 'ECONNREFUSED' && code !== 'ENOENT'));
  });
}

function bindError(path: string, cause: unknown): PoolError {
  const { code, message } = cause as NodeJS.ErrnoException;
  // libuv reports a missing folder as EACCES too, as on Windows.
  if (!existsSync(dirname(path))) return failed(path, 'its folder does not exist: create it, or choose another', cause);
  if (code !== 'EACCES') return failed(path, message, cause);
  return failed(path, 'this user may not create files there: correct the permissions of the folder', cause);
}

function failed(path: string, remedy: string, cause: unknown): PoolError {
  return new PoolError('listen_failed', `Cannot listen on the socket ${path}: ${remedy}`, { socket: path }, cause);
}
