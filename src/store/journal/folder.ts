import { constants, type PathLike } from 'node:fs';
import { mkdir, open, readdir, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PoolError } from '../../errors.ts';

/*
 *   ippool-data/
 *     LOCK                     flock of the process that serves from this folder
 *     snapshot-4711.json       the state after record 4711
 *     journal-4711.jsonl       the records from 4712 on
 *     snapshot-120.json        the generation before, kept until the next compaction
 *     journal-120.jsonl        records 121 to 4711
 *     history-0.jsonl          records 1 to 120: an older journal under another name, for whoever asks what happened
 *     history-0.index.json     what is in it; made while the journal was written, or anew when it is missing
 *     *.tmp                    never finished; deleted at start
 *     *.torn-<time>            the end of a journal that a crash left half written, kept for whoever wants to look
 */

export interface Numbered {
  readonly name: string;
  readonly path: string;
  readonly seq: number;
}

/** What lies in a data folder, all lists in ascending order of seq. */
export interface Contents {
  readonly journals: readonly Numbered[];
  readonly snapshots: readonly Numbered[];
  readonly segments: readonly Numbered[];
  readonly indexes: readonly Numbered[];
  readonly unfinished: readonly string[];
}

export const journalName = (base: number) => `journal-${base}.jsonl`;
export const segmentName = (base: number) => `history-${base}.jsonl`;
export const indexName = (base: number) => `history-${base}.index.json`;
export const snapshotName = (seq: number) => `snapshot-${seq}.json`;

/** Lists a data folder; empty lists when it does not exist. @throws PoolError `data_io` when it cannot be read */
export async function listFolder(dir: string): Promise<Contents> {
  let names: string[];
  try {
    names = await readdir(dir);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw ioError(`read folder ${dir}`, cause);
    names = [];
  }
  const numbered = (pattern: RegExp): Numbered[] =>
    names
      .flatMap((name) => {
        const seq = pattern.exec(name)?.[1];
        return seq === undefined ? [] : [{ name, path: join(dir, name), seq: Number(seq) }];
      })
      .sort((a, b) => a.seq - b.seq);
  return {
    journals: numbered(/^journal-(\d{1,15})\.jsonl$/),
    snapshots: numbered(/^snapshot-(\d{1,15})\.json$/),
    segments: numbered(/^history-(\d{1,15})\.jsonl$/),
    indexes: numbered(/^history-(\d{1,15})\.index\.json$/),
    unfinished: names.filter((name) => name.endsWith('.tmp')),
  };
}

/** Makes a folder and those above it, for the owner only, durably. @throws PoolError `data_io` */
export async function makeFolder(dir: string): Promise<void> {
  try {
    const made = await mkdir(dir, { recursive: true, mode: 0o700 });
    if (made === undefined) return;
    for (let path = dir; path.length >= made.length; path = dirname(path)) await syncFolder(dirname(path));
  } catch (cause) {
    throw cause instanceof PoolError ? cause : ioError(`create folder ${dir}`, cause);
  }
}

/** Makes renames and new names in a folder durable. @throws PoolError `data_io` */
export async function syncFolder(dir: string): Promise<void> {
  try {
    const handle = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY);
    await handle.sync().finally(() => handle.close());
  } catch (cause) {
    throw ioError(`sync folder ${dir}`, cause);
  }
}

/** Gives a finished and synced file its real name, durably. Whatever it throws but a PoolError, the name was not given. */
export async function publish(dir: string, temporary: PathLike, name: string): Promise<void> {
  const folder = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    await rename(temporary, join(dir, name));
    await folder.sync().catch((cause: unknown) => {
      throw ioError(`sync folder ${dir}`, cause);
    });
  } finally {
    await folder.close();
  }
}

/** Deletes what an interrupted compaction left behind. */
export async function deleteUnfinished(dir: string, { unfinished }: Contents): Promise<void> {
  for (const name of unfinished) await unlink(join(dir, name));
}

const OUT_OF_DESCRIPTORS: ReadonlySet<string> = new Set(['EMFILE', 'ENFILE']);

/** Whether no more files could be opened: nothing was begun then, and no sync ever fails so. */
export function isOutOfDescriptors(error: unknown): boolean {
  return OUT_OF_DESCRIPTORS.has((error as NodeJS.ErrnoException | undefined)?.code ?? '');
}

const NO_RIGHTS = 'this user may not. Give it the folder (chown), or name another with --data';
const NO_FOLDER = 'a file stands where the folder should be. Name another folder with --data';
/** What an operator can mend; everything else is told as the system says it. */
const REMEDIES: Readonly<Record<string, string>> = {
  EACCES: NO_RIGHTS,
  EPERM: NO_RIGHTS,
  EROFS: 'the file system is mounted read-only. Mount it for writing, or name another folder with --data',
  EEXIST: NO_FOLDER,
  ENOTDIR: NO_FOLDER,
};

/** A failure of the operating system on a data folder, in one line with the path. */
export function ioError(what: string, cause: unknown): PoolError {
  const { code = '', message } = cause as NodeJS.ErrnoException;
  const remedy = REMEDIES[code];
  const why = remedy === undefined ? message : `${remedy} (${code})`;
  return new PoolError('data_io', `Cannot ${what}: ${why}`, { errno: code }, cause);
}

/** A folder without a journal where one is needed. */
export function noData(dir: string): PoolError {
  return new PoolError('data_mismatch', `${dir} holds no ippool data: mount its volume, or correct the path`, { dir });
}
