import { type Certainty, certainties } from './certainty.ts';
import { groupBy } from './group.ts';
import type { Listing, Operation } from './record.ts';

export type Wrong =
  /** Two owners had one address at the same time. */
  | 'duplicate'
  /** An address that was allocated, and not released, is no longer allocated. */
  | 'lost'
  /** One owner had two addresses at the same time. */
  | 'two addresses'
  /** An owner that released its address, or never requested one, has one. */
  | 'undead'
  /** "Exhausted" although an address was free. */
  | 'not exhausted'
  /** Only a part of an all-or-nothing request took effect. */
  | 'half'
  /** A lease ended before it expired. */
  | 'early';

export interface Violation {
  readonly wrong: Wrong;
  readonly what: string;
}

/** A response shows that an owner had this address, or none, at some time between two ticks. */
interface Evidence {
  readonly owner: string;
  readonly ip: string | undefined;
  readonly began: number;
  readonly ended: number;
  readonly how: string;
}

/**
 * Finds responses that no correct service could have given. It considers only what is certain, so that it never accuses
 * a correct service:
 *
 *     certain:   ├────────────── x has A ─────────────────────┤
 *     evidence:       ├── y has A ─────────┤                       duplicate
 *                            ├── x has B ────┤                     two addresses
 *                                  ├── x has none ──┤              lost
 *
 * @param capacity the number of addresses
 */
export function check(operations: readonly Operation[], listings: readonly Listing[], capacity: number): Violation[] {
  const asked = groupBy(operations, ({ owner }) => owner);
  const owners = [...new Set([...asked.keys(), ...listings.flatMap(({ held }) => held.map(([owner]) => owner))])];
  const certain = owners.flatMap((owner) => certainties(owner, asked.get(owner) ?? []));
  const evidence = [...operations.flatMap(toldBy), ...listings.flatMap((listing) => listedIn(listing, owners))];
  return [
    ...listings.flatMap(wrongWithin),
    ...contradictions(certain, evidence),
    ...overlaps(certain),
    ...wronglyExhausted(operations, certain, owners.length, capacity),
  ];
}

function toldBy({ owner, verb, outcome, ip, began, ended, where }: Operation): Evidence[] {
  if (outcome !== 'done') return [];
  return [{ owner, ip, began, ended, how: `${verb} at ${where}` }];
}

function listedIn({ where, held, began, ended }: Listing, owners: readonly string[]): Evidence[] {
  const how = `the list of ${where}`;
  const listed = new Set(held.map(([owner]) => owner));
  return [
    ...held.map(([owner, ip]) => ({ owner, ip, began, ended, how })),
    ...owners.flatMap((owner) => (listed.has(owner) ? [] : [{ owner, ip: undefined, began, ended, how }])),
  ];
}

/** In a list of one moment, each owner and each address occurs once. */
function wrongWithin({ where, held }: Listing): Violation[] {
  const found: Violation[] = [];
  const ips = new Map<string, string>();
  const owners = new Map<string, string>();
  for (const [owner, ip] of held) {
    const other = ips.get(ip);
    if (other !== undefined) found.push(wrong('duplicate', `${where} lists ${ip} for ${other} and for ${owner}`));
    const before = owners.get(owner);
    if (before !== undefined) found.push(wrong('two addresses', `${where} lists ${owner} with ${before} and ${ip}`));
    ips.set(ip, owner);
    owners.set(owner, ip);
  }
  return found;
}

function contradictions(certain: readonly Certainty[], evidence: readonly Evidence[]): Violation[] {
  const byOwner = groupBy(certain, ({ owner }) => owner);
  const byIp = groupBy(certain, ({ ip }) => ip);
  return evidence.flatMap((told) => {
    const { owner, ip } = told;
    const covers = ({ from, to }: Certainty) => from <= told.began && told.ended <= to;
    const own = (byOwner.get(owner) ?? []).find((held) => held.ip !== ip && covers(held));
    const other = ip === undefined ? undefined : byIp.get(ip)?.find((held) => held.owner !== owner && covers(held));
    const found: Violation[] = [];
    const by = `by ${told.how} [${told.began}, ${told.ended}]`;
    if (other) found.push(wrong('duplicate', `${said(other)}; ${owner} has it ${by}`));
    if (own) {
      const kind = own.ip === undefined ? 'undead' : ip === undefined ? 'lost' : 'two addresses';
      found.push(wrong(kind, `${said(own)}; it has ${ip ?? 'none'} ${by}`));
    }
    return found;
  });
}

/** Pairs of certain periods in which different owners have one address. */
function overlaps(certain: readonly Certainty[]): Violation[] {
  const found: Violation[] = [];
  for (const [ip, holds] of groupBy(certain, (hold) => hold.ip)) {
    if (ip === undefined) continue;
    let last: Certainty | undefined;
    for (const hold of holds.toSorted((a, b) => a.from - b.from)) {
      if (last && last.owner !== hold.owner && last.to > hold.from)
        found.push(wrong('duplicate', `${said(last)}; ${said(hold)}`));
      if (!last || last.to < hold.to) last = hold;
    }
  }
  return found;
}

/** "Exhausted" requires as many owners that may have had an address as there are addresses. */
function wronglyExhausted(
  operations: readonly Operation[],
  certain: readonly Certainty[],
  owners: number,
  capacity: number,
): Violation[] {
  const free = certain.filter(({ ip }) => ip === undefined);
  return operations.flatMap(({ outcome, owner, began, ended, where }) => {
    if (outcome !== 'exhausted') return [];
    const without = new Set(free.filter(({ from, to }) => from <= began && ended <= to).map((none) => none.owner));
    const most = owners - without.size;
    if (most >= capacity) return [];
    return [
      wrong(
        'not exhausted',
        `${where} reported to ${owner} that nothing is free; at most ${most} of ${capacity} were allocated`,
      ),
    ];
  });
}

export function wrong(kind: Wrong, what: string): Violation {
  return { wrong: kind, what };
}

function said({ owner, ip, from, to }: Certainty): string {
  return `${owner} held ${ip ?? 'none'} from ${from} to ${to}`;
}
