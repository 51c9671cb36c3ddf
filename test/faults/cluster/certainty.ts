import type { Operation } from './record.ts';

/** A time over which an owner held an address (or none), whatever was under way meanwhile. */
export interface Certainty {
  readonly owner: string;
  /** Undefined: it held none. */
  readonly ip: string | undefined;
  /** Both exclusive. */
  readonly from: number;
  readonly to: number;
}

/**
 * What is certain of one owner, from its operations alone. They may overlap, and those of unknown outcome may be done at
 * any time after they began.
 *
 *     allocate ├──────┤ A          release ├─────┤            allocate ├──────┤ B
 *                     └── holds A ─────────┘     └─── holds none ──────┘      └── holds B …
 *
 * What overlaps an operation, or has no end, may be done behind it: then nothing is certain.
 *
 *     release  ├───────────── no answer
 *     allocate        ├──────┤ A    and A may be free again at once
 */
export function certainties(owner: string, operations: readonly Operation[]): Certainty[] {
  const effective = operations.filter(
    ({ outcome, verb }) => verb !== 'lookup' && (outcome === 'done' || outcome === 'unknown'),
  );
  const allocations = effective.filter(({ verb }) => verb === 'allocate');
  // A release that found nothing did nothing.
  const releases = effective.filter(
    ({ verb, outcome, ip }) => verb === 'release' && (outcome === 'unknown' || ip !== undefined),
  );
  const certain: Certainty[] = [];
  const note = (
    ip: string | undefined,
    { began, ended }: Pick<Operation, 'began' | 'ended'>,
    enders: readonly Operation[],
  ) => {
    const to = enders.reduce((first, ender) => (ender.ended > began ? Math.min(first, ender.began) : first), Infinity);
    if (to > ended) certain.push({ owner, ip, from: ended, to });
  };
  note(undefined, { began: 0, ended: 0 }, allocations); // who never asked holds nothing
  for (const operation of operations) {
    if (operation.outcome !== 'done') continue;
    const { verb, ip } = operation;
    if (verb === 'release' || ip === undefined) note(undefined, operation, allocations);
    else
      note(
        ip,
        operation,
        releases.filter(({ only }) => only === undefined || only === ip),
      );
  }
  return certain;
}
