import fs, { readFile, writeFile } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { Keep } from '../../../src/store/journal/history/retention.ts';
import type { JournalOptions } from '../../../src/store/journal/journal.ts';
import { event } from '../history.conformance.ts';
import type { Place } from './place.ts';

/** VM number n gets the address number n, at n seconds. */
export const given = (n: number, more: { end_ip?: string } = {}) =>
  event({ at: n * 1000, vm_id: `vm${n}`, ip: ipOf(n), ...more });

export const ipOf = (n: number) => `10.${n >> 16}.${(n >> 8) & 255}.${n & 255}`;

/** Commits each group and compacts behind it: all but the last become segments of the history, with their indexes. */
export async function segments(place: Place, groups: readonly (readonly PoolEvent[])[]): Promise<void> {
  for (const group of groups) {
    await new Promise<void>((resolve, reject) => {
      const log = (_level: string, _facts: unknown, message: string) => {
        if (message === 'journal compacted') journal.close().then(resolve, reject);
      };
      const journal = place.recording({ compactBytes: 1, compactRatio: 0, log });
      journal
        .open(() => undefined)
        .then(() => journal.commit(group))
        .catch(reject);
    });
  }
  await tidied(place);
}

/** What a start does with the history, done when this resolves. Returns what was logged. */
export async function tidied(place: Place, options: { now?: number; auditRetentionMs?: number } = {}) {
  const { now = 0, auditRetentionMs = Number.POSITIVE_INFINITY } = options;
  const logs: string[] = [];
  const log = (_level: string, { file }: Record<string, unknown>, message: string) => {
    logs.push(`${String(file)}: ${message}`);
  };
  await new Keep({ dir: place.dir, now: () => now, auditRetentionMs, log }).tidy();
  return logs;
}

/** The history of a folder that is being served from. */
export async function history(place: Place, options: Partial<JournalOptions> = {}) {
  const journal = place.journal(options);
  await journal.open(() => undefined);
  return journal.history;
}

/** What lies in a folder of the history: segments and indexes. */
export async function names(place: Place): Promise<string[]> {
  return [...(await place.files()).keys()].filter((name) => name.startsWith('history-'));
}

/** Makes a file unreadable without anybody seeing it from outside: whoever reads it finds nothing of what was in it. */
export async function spoil(place: Place, name: string, from = 0): Promise<void> {
  await writeFile(place.path(name), (await readFile(place.path(name))).fill('x', from));
}

/** Files whose names begin so that were opened meanwhile, in that order. */
export async function openedBy(place: Place, work: () => Promise<void>, begin = 'history-'): Promise<string[]> {
  const opened: string[] = [];
  const { open } = fs;
  fs.open = (path, ...rest) => {
    const name = basename(String(path));
    if (String(path).startsWith(place.dir) && name.startsWith(begin)) opened.push(name);
    return open(path, ...rest);
  };
  syncBuiltinESMExports();
  try {
    await work();
  } finally {
    fs.open = open;
    syncBuiltinESMExports();
  }
  return opened;
}
