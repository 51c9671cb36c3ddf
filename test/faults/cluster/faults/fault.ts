import type { Caller } from '../caller.ts';
import type { Cluster } from '../cluster.ts';
import type { Load } from '../load.ts';

export interface Site {
  readonly cluster: Cluster;
  /** Clients that make requests all the time. */
  readonly load: Load;
  /** The requests of a fault itself are part of the history too. */
  readonly caller: Caller;
}

/** Something that goes wrong and is repaired in the end. */
export interface Fault {
  readonly name: string;
  /** Part of the short form. */
  readonly short?: true;
  /** Returns the observation that proves that the fault fired. @throws Error when it did not fire */
  readonly strike: (site: Site) => Promise<string>;
}

/** @throws Error when a fault did not fire, which is a failure */
export function fired(yes: boolean, what: string): string {
  if (!yes) throw new Error(`the fault did not fire: ${what}`);
  return what;
}
