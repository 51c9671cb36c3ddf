import { readFileSync, readlinkSync } from 'node:fs';

/** This process, as another one of the same machine can tell whether it has ended. */
export interface ThisProcess {
  /** Its number, where that counts: the boot of the machine, since clones of it have the same name, and the namespace. */
  readonly name: string;
  /** Whether the process of a name has certainly ended. */
  readonly hasEnded: (name: string) => boolean;
}

export function thisProcess(): ThisProcess {
  const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const place = `${boot}/${readlinkSync('/proc/self/ns/pid')}/`;
  const own = `${place}${process.pid}`;
  const hasEnded = (name: string) => {
    const pid = Number(name.slice(place.length));
    if (!name.startsWith(place) || !Number.isSafeInteger(pid) || pid < 1) return false;
    return name === own || !isRunning(pid); // our number is free again for as long as we have it
  };
  return { name: own, hasEnded };
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // asks, and sends nothing
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}
