import { constants, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unpacked } from '../../support/debian.ts';
import { pathOf } from '../../support/tools.ts';
import { collected, ended, type Place } from './place.ts';

const CALLS = 'trace=openat,write,writev,pwrite64,fsync,fdatasync,msync,sync_file_range,sync,syncfs';
const ATTACH_MS = 10_000;

export interface Calls {
  readonly writes: number;
  /** Calls that wait for the disk, and files opened so that every write does. */
  readonly syncs: number;
}

/** How often a running process writes and syncs meanwhile. @throws Error when nobody may trace it */
export async function callsOf(place: Place, pid: number, meanwhile: () => Promise<unknown>): Promise<Calls> {
  const file = join(place.folder, `strace-${pid}`);
  const child = place.spawn([...strace(), '-f', '-e', CALLS, '-o', file, '-p', String(pid)]);
  const output = collected(child);
  const end = Date.now() + ATTACH_MS;
  while (!output.stderr.includes(' attached')) {
    if (child.exitCode !== null || Date.now() > end) {
      child.kill('SIGKILL');
      throw new Error(`strace: ${output.stderr.trim()}`);
    }
    await sleep(20);
  }
  await meanwhile();
  await ended(child, 'SIGINT');
  const { writes, syncs } = countCalls(readFileSync(file, 'latin1'));
  return { writes, syncs: syncs + syncedFiles(pid) };
}

/** Files that a process had opened before, so that every write waits for the disk. */
function syncedFiles(pid: number): number {
  const files = readdirSync(`/proc/${pid}/fdinfo`).map((fd) => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'));
  return files.filter((info) => (parseInt(/^flags:\s+(\d+)/m.exec(info)?.[1] ?? '0', 8) & constants.O_DSYNC) !== 0)
    .length;
}

/** How often a program writes and syncs from its start to its end. */
export async function callsDuring(place: Place, command: readonly string[], env: NodeJS.ProcessEnv): Promise<Calls> {
  const file = join(place.folder, 'strace');
  await place.run([...strace(), '-f', '-e', CALLS, '-o', file, ...command], { env });
  return countCalls(readFileSync(file, 'latin1'));
}

/** @param trace what strace wrote: a line for each call, two where another thread came between */
export function countCalls(trace: string): Calls {
  const lines = trace.split('\n');
  const count = (pattern: RegExp) => lines.filter((line) => pattern.test(line)).length;
  return {
    writes: count(/^\d+ +p?writev?(64)?\(/),
    syncs: count(/^\d+ +(f(data)?sync|msync|sync_file_range|sync(fs)?)\(/) + count(/^\d+ +openat\(.*\bO_D?SYNC\b/),
  };
}

/** A word for what was seen. */
export function kept({ writes, syncs }: Calls): string {
  if (writes === 0) return 'not determined';
  return syncs === 0 ? 'written, never synced' : `${syncs} syncs, ${writes} writes`;
}

function strace(): string[] {
  return [pathOf('strace') ?? join(unpacked(['strace']), 'usr/bin/strace')];
}
