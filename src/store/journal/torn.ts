import { open, unlink } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ioError, syncFolder } from './folder.ts';
import type { Tail } from './recover.ts';

/**
 * Truncates the torn tail of a journal after copying it durably. It copies only the tail: the disk may be nearly full.
 * Returns the name of the copy.
 */
export async function truncateTornTail({ path, end, length }: Tail, time: string): Promise<string> {
  const copy = `${path}.torn-${time.replaceAll(':', '-')}`;
  const journal = await open(path, 'r+');
  try {
    const { buffer } = await journal.read(Buffer.alloc(length - end), 0, length - end, end);
    const file = await open(copy, 'w', 0o600);
    try {
      await file.writeFile(buffer);
      await sync(file, copy);
    } catch (error) {
      await unlink(copy).catch(() => undefined); // repeated starts must not pile up copies
      throw error;
    } finally {
      await file.close();
    }
    await syncFolder(dirname(path));
    await journal.truncate(end);
    await sync(journal, path);
  } finally {
    await journal.close();
  }
  return basename(copy);
}

function sync(file: { sync(): Promise<void> }, path: string): Promise<void> {
  return file.sync().catch((cause: unknown) => {
    throw ioError(`sync ${path}`, cause);
  });
}
