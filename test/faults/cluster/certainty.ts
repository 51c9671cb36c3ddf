import type { Operation } from './record.ts';

/** A period during which an owner certainly had an address (or none), whatever else was in flight. */
export interface Certainty {
  readonly owner: string;
  /** Undefined: no address. */
  readonly ip: string | undefined;
  /** Both exclusive. */
  readonly from: number;
  readonly to: number;
}

/**
 * What is certain about one owner, from its operations alone. Operations may overlap; those with an unknown outcome may
 * take effect at any time after they began.
 *
 *     allocate ├──────┤ A          release ├─────┤            allocate ├──────┤ B
 *                     └── has A ───────────┘     └─── has none ────────┘      └── has B …
 *
 * An operation that overlaps another one, or never ends, may take effect after it: then nothing is certain.
 *
 *     release  ├───────────── no response
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
  note(undefined, { began: 0, ended: 0 }, allocations); // an owner that never made a request has nothing
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
