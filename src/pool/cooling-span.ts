import type { Owner } from './events.ts';

/** A released address and its previous owner. */
export interface CoolingSpan extends Owner {
  readonly offset: bigint;
  readonly last: bigint;
  /** Until then, only its previous owner gets it; milliseconds since 1970, 0: free at once. */
  readonly cooling_until: number;
  /** Until then, its previous owner gets it back if nobody has it; milliseconds since 1970, 0: not sticky. */
  readonly sticky_until: number;
}

/** What an allocation changes in released addresses. */
export interface Ending {
  /** Spans that end, of those that their owners may get back … */
  readonly kept: CoolingSpan[];
  /** … and of those that only cool. */
  readonly superseded: CoolingSpan[];
  /** The parts that remain, of the former … */
  readonly keptOn: CoolingSpan[];
  /** … and of the latter. */
  readonly coolingOn: CoolingSpan[];
}
