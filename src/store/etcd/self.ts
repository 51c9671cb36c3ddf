import { readFileSync, readlinkSync } from 'node:fs';

/** A process, as whoever could meet it again knows it. */
export interface Self {
  /** The boot of its machine, and the namespace in it that its number is of: clones of a machine have the same name. */
  readonly place: string;
  readonly pid: number;
}

/** This process. */
export function selfOf(): Self {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return { place: `${boot} ${readlinkSync('/proc/self/ns/pid')}`, pid: process.pid };
}

/** Whether another process, of which all that is known may be wrong, has certainly ended. */
export function hasEnded({ place, pid }: Partial<Self>, self: Self): boolean {
  if (place !== self.place || !Number.isSafeInteger(pid) || pid === undefined || pid < 1) return false;
  return pid === self.pid || !isRunning(pid);
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // asks, and sends nothing
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
