import { type Violation, wrong } from './checker.ts';
import type { Act, Grant, Story, Tenure } from './grants.ts';
import { groupBy } from './group.ts';

/** How far the clock of a node may be ahead of ours. */
const EARLY_MS = 1_000;
/** How far it may be behind: a corrected clock follows what the other nodes reported some seconds ago. */
const LATE_MS = 10_000;

/** A period during which an owner certainly had this, or nothing, whatever else was in flight. */
interface Hold {
  readonly holder: string;
  readonly network: string;
  readonly grant: Grant | undefined;
  /** Both exclusive. */
  readonly from: number;
  readonly to: number;
}

/** A response shows that an owner had this, or nothing, at some time between two times. */
interface Evidence extends Omit<Hold, 'from' | 'to'> {
  readonly began: number;
  readonly ended: number;
  readonly how: string;
}

/**
 * Finds responses about leases, ranges, and requests for several addresses that no correct service could have given.
 * Like {@link check}, it considers only what is certain:
 *
 *     allocate ├────┤ A                expires            another ├───┤ A
 *                   └──── has A ─────┐ │ ┌── has none ───────────────
 *                        EARLY_MS before, LATE_MS behind
 */
export function checkGrants(acts: readonly Act[], stories: readonly Story[]): Violation[] {
  const byHolder = groupBy(acts, ({ holder }) => holder);
  const holds = [...byHolder.values()].flatMap(holdsOf);
  const evidence = [...acts.flatMap(toldBy), ...stories.flatMap((story) => listedIn(story, acts))];
  return [
    ...contradictions(holds, evidence),
    ...overlaps(holds),
    ...halves(acts),
    ...stories.flatMap((story) => [
      ...overlapsWithin(story, acts),
      ...lostIn(story, acts),
      ...endedEarly(story, acts),
      ...halvesIn(story, acts),
    ]),
  ];
}

/** What is certain about one owner, from its acts alone. */
function holdsOf(acts: readonly Act[]): Hold[] {
  const [{ holder, network }] = acts as [Act];
  const effective = acts.filter(({ outcome }) => outcome !== 'refused');
  const allocations = effective.filter(({ verb }) => verb === 'allocate');
  const releases = effective.filter(
    ({ verb, outcome, grant }) => verb === 'release' && (outcome === 'unknown' || grant !== undefined),
  );
  const holds: Hold[] = [];
  const note = (grant: Grant | undefined, from: number, to: number) => {
    if (to > from) holds.push({ holder, network, grant, from, to });
  };
  note(undefined, 0, firstOf(allocations, 0)); // an owner that never made a request has nothing
  for (const act of effective) {
    const { verb, outcome, grant, began, ended } = act;
    if (outcome !== 'done') continue;
    if (verb === 'release' || grant === undefined) {
      note(undefined, ended, firstOf(allocations, began));
    } else if (verb !== 'lookup') {
      note(grant, ended, Math.min(firstOf(releases, began), grant.expires - EARLY_MS));
      const over = grant.expires + LATE_MS;
      // Only an allocation that is still active is renewed.
      const prolonging = effective.filter((other) => other.verb === 'renew' && other.began < over);
      const others = [...allocations, ...prolonging].filter((other) => other !== act);
      note(undefined, Math.max(ended, over), firstOf(others, began));
    }
  }
  return holds;
}

/** The begin of the earliest act that was not over at a time. */
function firstOf(acts: readonly Act[], time: number): number {
  return acts.reduce((first, { began, ended }) => (ended > time ? Math.min(first, began) : first), Infinity);
}

function toldBy({ holder, network, verb, outcome, grant, began, ended, where }: Act): Evidence[] {
  if (outcome !== 'done') return [];
  return [{ holder, network, grant, began, ended, how: `${verb} at ${where}` }];
}

function listedIn({ where, tenures, began, ended }: Story, acts: readonly Act[]): Evidence[] {
  const how = `the list of ${where}`;
  const standing = new Map(tenures.filter(({ until }) => until === Infinity).map((each) => [each.holder, each]));
  const networks = new Map([...acts, ...tenures].map(({ holder, network }) => [holder, network]));
  return [...networks].map(([holder, network]) => {
    const { grant } = standing.get(holder) ?? { grant: undefined };
    return { holder, network, grant, began, ended, how };
  });
}

function contradictions(holds: readonly Hold[], evidence: readonly Evidence[]): Violation[] {
  const byHolder = groupBy(holds, ({ holder }) => holder);
  const byNetwork = groupBy(
    holds.filter(({ grant }) => grant !== undefined),
    ({ network }) => network,
  );
  return evidence.flatMap((told) => {
    const { holder, network, grant } = told;
    const covers = ({ from, to }: Hold) => from <= told.began && told.ended <= to;
    const by = `by ${told.how} [${told.began}, ${told.ended}]`;
    const found: Violation[] = [];
    const own = byHolder.get(holder)?.find((hold) => covers(hold) && !isSame(hold.grant, grant));
    if (own) {
      const kind = own.grant === undefined ? 'undead' : grant === undefined ? 'lost' : 'two addresses';
      found.push(wrong(kind, `${said(own)}; it has ${textOf(grant)} ${by}`));
    }
    const others = grant === undefined ? [] : (byNetwork.get(network) ?? []);
    const other = others.find((hold) => hold.holder !== holder && covers(hold) && meet(hold.grant, grant));
    if (other) found.push(wrong('duplicate', `${said(other)}; ${holder} has ${textOf(grant)} ${by}`));
    return found;
  });
}

/** Pairs of certain periods in which different owners have one address. */
function overlaps(holds: readonly Hold[]): Violation[] {
  const found: Violation[] = [];
  const given = holds.filter(({ grant }) => grant !== undefined);
  for (const some of groupBy(given, ({ network }) => network).values()) {
    let open: Hold[] = [];
    for (const hold of some.toSorted((a, b) => a.from - b.from)) {
      open = open.filter(({ to }) => to > hold.from);
      const other = open.find(({ holder, grant }) => holder !== hold.holder && meet(grant, hold.grant));
      if (other) found.push(wrong('duplicate', `${said(other)}; ${said(hold)}`));
      open.push(hold);
    }
  }
  return found;
}

/** All-or-nothing attempts of which only a part took effect. */
function halves(acts: readonly Act[]): Violation[] {
  return whole(acts).flatMap((attempt) => {
    const done = attempt.filter(({ outcome, grant }) => outcome === 'done' && grant !== undefined);
    if (done.length === 0 || done.length === attempt.length) return [];
    const names = attempt.map(({ holder }) => holder).join(', ');
    return [wrong('half', `${attempt[0]?.where ?? ''} gave ${done.length} of ${attempt.length} to ${names}`)];
  });
}

/** However an all-or-nothing attempt ended: finally either every part of it was allocated, or none. */
function halvesIn({ where, tenures }: Story, acts: readonly Act[]): Violation[] {
  const known = new Set(tenures.map(({ holder }) => holder));
  return whole(acts).flatMap((attempt) => {
    const names = attempt.map(({ holder }) => holder);
    const [had, not] = [names.filter((name) => known.has(name)), names.filter((name) => !known.has(name))];
    if (had.length === 0 || not.length === 0) return [];
    return [wrong('half', `${where} reports an allocation for ${had.join(', ')}, and none for ${not.join(', ')}`)];
  });
}

function whole(acts: readonly Act[]): Act[][] {
  const some = acts.filter(({ isWhole, verb }) => isWhole && verb === 'allocate');
  return [...groupBy(some, ({ request }) => request).values()];
}

/**
 * An address has one owner at a time, a leased one until its expiry. The times in a history are those of the decisions;
 * between decision and acknowledgement, an earlier owner may still have come and gone:
 *
 *     decided       acknowledged
 *        |───────────────├─── certainly allocated ──┤ until
 */
function overlapsWithin({ where, tenures }: Story, acts: readonly Act[]): Violation[] {
  const acknowledged = new Map<string, number>();
  for (const { verb, outcome, grant, ended } of acts) {
    if (outcome !== 'done' || verb === 'release' || !grant) continue;
    acknowledged.set(grant.id, Math.min(ended, acknowledged.get(grant.id) ?? Infinity));
  }
  const holds = tenures.map(({ holder, network, grant, until }) => {
    return {
      holder: `${holder}, as ${where} tells,`,
      network,
      grant,
      from: acknowledged.get(grant.id) ?? Infinity,
      to: until,
    };
  });
  return overlaps(holds.filter(({ from, to }) => from < to));
}

/** An acknowledged allocation stays in the history. */
function lostIn({ where, tenures }: Story, acts: readonly Act[]): Violation[] {
  const known = new Map(tenures.map(({ grant }) => [grant.id, grant]));
  return acts.flatMap(({ verb, holder, outcome, grant }) => {
    if (outcome !== 'done' || verb !== 'allocate' || !grant || isSame(known.get(grant.id), grant)) return [];
    return [wrong('lost', `${where} does not report ${textOf(grant)}, which was allocated to ${holder}`)];
  });
}

/** A lease lasts until the expiry that was acknowledged last. */
function endedEarly({ where, tenures }: Story, acts: readonly Act[]): Violation[] {
  const expired = new Map(tenures.filter(({ hasExpired }) => hasExpired).map((tenure) => [tenure.grant.id, tenure]));
  return acts.flatMap(({ outcome, grant }) => {
    const tenure = outcome === 'done' && grant ? expired.get(grant.id) : undefined;
    if (!grant || !tenure || tenure.until >= grant.expires) return [];
    return [wrong('early', `${where} reports that ${told(tenure)} expired; its expiry is ${grant.expires}`)];
  });
}

function isSame(a: Grant | undefined, b: Grant | undefined): boolean {
  return a?.first === b?.first && a?.last === b?.last;
}

function meet(a: Grant | undefined, b: Grant | undefined): boolean {
  return a !== undefined && b !== undefined && a.first <= b.last && b.first <= a.last;
}

function textOf(grant: Grant | undefined): string {
  return grant ? `${grant.first.toString(16)} to ${grant.last.toString(16)}` : 'none';
}

function said({ holder, grant, from, to }: Hold): string {
  return `${holder} held ${textOf(grant)} from ${from} to ${to}`;
}

function told({ holder, grant, from, until }: Tenure): string {
  return `${textOf(grant)} of ${holder} from ${from} to ${until}`;
}
