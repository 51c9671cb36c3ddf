import type { Caller } from '../caller.ts';
import type { Cluster } from '../cluster.ts';
import type { Load } from '../load.ts';

export interface Site {
  readonly cluster: Cluster;
  /** Clients that ask all the time. */
  readonly load: Load;
  /** What a fault itself asks is part of the history too. */
  readonly caller: Caller;
}

/** Something that goes wrong, and is right again in the end. */
export interface Fault {
  readonly name: string;
  /** Part of the short form. */
  readonly short?: true;
  /** Returns by what one sees that it fired. @throws Error when it did not */
  readonly strike: (site: Site) => Promise<string>;
}

/** @throws Error that a fault never fired, which is a failure */
export function fired(yes: boolean, what: string): string {
  if (!yes) throw new Error(`the fault did not fire: ${what}`);
  return what;
}
