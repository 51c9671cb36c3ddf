import { closeSync, fdatasyncSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { availableParallelism, cpus, release, totalmem, type } from 'node:os';
import { join } from 'node:path';
import { type Spread, spreadOf } from './spread.ts';

const APPENDS = 200;
const PAGE = new Uint8Array(4096).fill(120);

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly kernel: string;
  /** Milliseconds of one fdatasync after an append of 4 KiB. */
  readonly syncMs: Spread;
}

export function describeMachine(folder: string): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown CPU',
    cores: availableParallelism(),
    memoryGiB: totalmem() / 2 ** 30,
    node: process.versions.node,
    kernel: `${type()} ${release()}`,
    syncMs: measureSync(folder),
  };
}

/** What every durable answer waits for at least. */
function measureSync(folder: string): Spread {
  const file = openSync(join(folder, 'sync'), 'w', 0o600);
  try {
    const times = Array.from({ length: APPENDS }, () => {
      writeSync(file, PAGE);
      const began = performance.now();
      fdatasyncSync(file);
      return performance.now() - began;
    });
    return spreadOf(times);
  } finally {
    closeSync(file);
  }
}

/**
 * Microseconds of CPU that a process has used until now, in user and kernel mode, all its threads together: fdatasync runs
 * in threads of libuv's pool. From /proc/PID/task/TID/schedstat (nanoseconds); NaN on other systems than Linux.
 */
export function cpuMicroseconds(pid: number): number {
  try {
    const tasks = `/proc/${pid}/task`;
    let nanoseconds = 0;
    for (const task of readdirSync(tasks)) {
      nanoseconds += Number(readFileSync(`${tasks}/${task}/schedstat`, 'latin1').split(' ')[0]);
    }
    return nanoseconds / 1000;
  } catch {
    return Number.NaN;
  }
}

/** Resident memory of a process in MiB, as in /proc/PID/status; NaN on other systems than Linux. */
export function residentMiB(pid: number): number {
  return memoryMiB(pid, 'VmRSS');
}

/** The most that it ever was. */
export function peakMiB(pid: number): number {
  return memoryMiB(pid, 'VmHWM');
}

function memoryMiB(pid: number, name: string): number {
  try {
    const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return Number(match?.[1]) / 1024;
  } catch {
    return Number.NaN;
  }
}
