import { readFileSync } from 'node:fs';
import { cpuMicroseconds } from '../machine.ts';

/** What the times in /proc/PID/stat are counted in, on every architecture that Node runs on. */
const TICK_MICROSECONDS = 10_000;

/** Microseconds of CPU of a process, its children, and those of its children that have ended; NaN on other systems than Linux. */
export function cpuOfFamily(pid: number): number {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim();
    const living = [pid, ...(children === '' ? [] : children.split(' ').map(Number))];
    const used = living.reduce((sum, each) => sum + cpuMicroseconds(each), 0);
    return used + reapedTicks(readFileSync(`/proc/${pid}/stat`, 'latin1')) * TICK_MICROSECONDS;
  } catch {
    return Number.NaN;
  }
}

/** @param stat of a process, whose second field, the name in parentheses, may hold anything */
export function reapedTicks(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[13]) + Number(fields[14]); // cutime and cstime, the 16th and 17th of all
}
