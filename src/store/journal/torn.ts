import { copyFile, truncate } from 'node:fs/promises';
import { basename } from 'node:path';
import { AppendFile } from './file.ts';
import type { Tail } from './recover.ts';

/** Cuts an unfinished write off a journal, durably, after a copy of the whole file. Returns the name of the copy. */
export async function cutTornTail({ path, end }: Tail, time: string): Promise<string> {
  const copy = `${path}.torn-${time.replaceAll(':', '-')}`;
  await copyFile(path, copy);
  await truncate(path, end);
  const file = await AppendFile.open(path, end);
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return basename(copy);
}
