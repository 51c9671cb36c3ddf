import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Wrong } from './checker.ts';
import { checkGrants } from './grant-checker.ts';
import type { Act, Grant, Story, Tenure } from './grants.ts';

// Histories written by hand, times in seconds. Each line is one attempt of an owner: verb, begin-end (no end: no
// response), addresses, and their expiry. A number before the line joins the attempts of an all-or-nothing request.

const MS = 1000;

/** `4`, `4..7`, `4..7@9`: addresses, and their expiry. Undefined: none. */
function grantOf(holder: string, text: string | undefined): Grant | undefined {
  const [, first = '', last = first, expires] = /^(\d+)(?:\.\.(\d+))?(?:@(\d+))?$/.exec(text ?? '') ?? [];
  if (first === '') return undefined;
  const end = expires === undefined ? Infinity : Number(expires) * MS;
  return { id: `${holder} ${first}`, first: BigInt(first), last: BigInt(last), expires: end };
}

/** `x allocate 1-2 4..7@9`, `x release 3-`, `x renew 3-4 none`, `#1 y allocate 4-5 refused`. */
function act(line: string, index: number): Act {
  const [, whole, holder = '', verb, began, ended, result] =
    /^(?:#(\d+) )?(\w+) (\w+) (\d+)-(\d*) ?(\S+)?$/.exec(line) ?? assert.fail(line);
  return {
    holder,
    network: 'n',
    verb: verb as Act['verb'],
    request: whole === undefined ? -index : Number(whole),
    isWhole: whole !== undefined,
    began: Number(began) * MS,
    ended: ended === '' ? Infinity : Number(ended) * MS,
    outcome: ended === '' ? 'unknown' : result === 'refused' ? 'refused' : 'done',
    grant: grantOf(holder, result),
    where: 'n1',
  };
}

/** `x 4..7@9 1-3`, `x 4 1-`, `x 4@9 1-9 expired`: the history that a node reports in the end. */
function tenure(line: string): Tenure {
  const [, holder = '', place, from, until, expired] =
    /^(\w+) (\S+) (\d+)-(\d*)( expired)?$/.exec(line) ?? assert.fail(line);
  return {
    holder,
    network: 'n',
    grant: grantOf(holder, place) ?? assert.fail(line),
    from: Number(from) * MS,
    until: until === '' ? Infinity : Number(until) * MS,
    hasExpired: expired !== undefined,
  };
}

/** @param told the history that a node reports at second 100; undefined: not requested */
function verdict(lines: readonly string[], told?: readonly string[]): Wrong[] {
  const story = (tenures: readonly string[]): Story => ({
    where: 'n2',
    began: 100 * MS,
    ended: 101 * MS,
    tenures: tenures.map(tenure),
  });
  const found = checkGrants(lines.map(act), told ? [story(told)] : []);
  return [...new Set(found.map(({ wrong }) => wrong))].sort();
}

interface Case {
  readonly name: string;
  readonly lines: readonly string[];
  readonly told?: readonly string[];
  readonly wrong: readonly Wrong[];
}

const WRONG: readonly Case[] = [
  {
    name: 'an address in the range of another owner',
    lines: ['x allocate 1-2 4..7', 'y allocate 3-4 6'],
    wrong: ['duplicate'],
  },
  {
    name: 'ranges that overlap and are allocated at the same time',
    lines: ['x allocate 1-4 4..7', 'y allocate 2-3 7..9'],
    wrong: ['duplicate'],
  },
  {
    name: 'a range that is allocated and released inside that of another owner',
    lines: ['x allocate 1-2 4..7', 'y allocate 3-5 6..8', 'y release 4-6 6..8'],
    wrong: ['duplicate'],
  },
  {
    name: 'a range that has lost a part',
    lines: ['x allocate 1-2 4..7', 'x lookup 3-4 4..6'],
    wrong: ['two addresses'],
  },
  {
    name: 'a lease that is allocated again before it expires',
    lines: ['x allocate 1-2 4@30', 'y allocate 20-21 4'],
    wrong: ['duplicate'],
  },
  {
    name: 'a renewed lease that is allocated again at its first expiry',
    lines: ['x allocate 1-2 4@30', 'x renew 20-21 4@50', 'y allocate 40-41 4'],
    wrong: ['duplicate'],
  },
  {
    name: 'a lease that no lookup finds before it expires',
    lines: ['x allocate 1-2 4@30', 'x lookup 20-21 none'],
    wrong: ['lost'],
  },
  {
    name: 'a lease that cannot be renewed before it expires',
    lines: ['x allocate 1-2 4@30', 'x renew 20-21 none'],
    wrong: ['lost'],
  },
  {
    name: 'a lease that is active long after it expired',
    lines: ['x allocate 1-2 4@30', 'x lookup 60-61 4@30'],
    wrong: ['undead'],
  },
  {
    name: 'a lease that is renewed long after it expired',
    lines: ['x allocate 1-2 4@30', 'x renew 60-61 4@90'],
    wrong: ['undead'],
  },
  {
    name: 'a lease that is in the list long after it expired',
    lines: ['x allocate 1-2 4@30'],
    told: ['x 4@30 1-'],
    wrong: ['undead'],
  },
  {
    name: 'a history in which a lease ends before it expires',
    lines: ['x allocate 1-2 4@30'],
    told: ['x 4@30 1-20 expired'],
    wrong: ['early'],
  },
  {
    name: 'a history without a renewal',
    lines: ['x allocate 1-2 4@30', 'x renew 20-21 4@50'],
    told: ['x 4@30 1-30 expired'],
    wrong: ['early'],
  },
  {
    name: 'a history in which a lease was allocated to another owner before it expired',
    lines: ['x allocate 1-2 4@30', 'x release 3-', 'y allocate 20-21 4'],
    told: ['x 4@30 1-30 expired', 'y 4 20-'],
    wrong: ['duplicate'],
  },
  {
    name: 'a history without an allocation',
    lines: ['x allocate 1-2 4..7@30'],
    told: [],
    wrong: ['lost'],
  },
  {
    name: 'a part of an all-or-nothing request',
    lines: ['#1 x allocate 1-2 4', '#1 y allocate 1-2 refused'],
    wrong: ['half'],
  },
  {
    name: 'a part of an all-or-nothing request without a response',
    lines: ['#1 x allocate 1-', '#1 y allocate 1-'],
    told: ['x 4 1-'],
    wrong: ['half'],
  },
  {
    name: 'a part of an all-or-nothing request without a response, which has ended since',
    lines: ['#1 x allocate 1-', '#1 y allocate 1-'],
    told: ['x 4@30 1-30 expired'],
    wrong: ['half'],
  },
  {
    name: 'a part of a refused request',
    lines: ['#1 x allocate 1-2 refused', '#1 y allocate 1-2 refused'],
    told: ['y 4@30 1-30 expired'],
    wrong: ['half'],
  },
];

const RIGHT: readonly Omit<Case, 'wrong'>[] = [
  {
    name: 'adjacent ranges',
    lines: ['x allocate 1-2 4..7', 'y allocate 3-4 8..9'],
    told: ['x 4..7 1-', 'y 8..9 3-'],
  },
  {
    name: 'a range in a released one',
    lines: ['x allocate 1-2 4..7', 'x release 3-4 4..7', 'y allocate 5-6 6..9'],
    told: ['x 4..7 1-3', 'y 6..9 5-'],
  },
  {
    name: 'an address in a range whose release has no response',
    lines: ['x allocate 1-2 4..7', 'x release 3-', 'y allocate 5-6 6'],
  },
  {
    name: 'a lease that is allocated to another owner when it expires',
    lines: ['x allocate 1-2 4@30', 'y allocate 30-31 4'],
    told: ['x 4@30 1-30 expired', 'y 4 30-'],
  },
  {
    name: 'an allocation that was decided before another one began and ended',
    lines: ['x allocate 1-3 4', 'x release 4-6 4', 'y allocate 2-8 4'],
    told: ['x 4 1-5', 'y 4 2-'],
  },
  {
    name: 'a lease that lasts some seconds longer on a node whose clock is behind',
    lines: ['x allocate 1-2 4@30', 'x lookup 35-36 4@30', 'x lookup 60-61 none'],
  },
  {
    name: 'a lease that a renewal without a response may have prolonged',
    lines: ['x allocate 1-2 4@30', 'x renew 20-', 'x lookup 60-61 4@90'],
  },
  {
    name: 'a lease that is released and allocated to another owner',
    lines: ['x allocate 1-2 4@30', 'x release 3-4 4@30', 'y allocate 5-6 4@40'],
    told: ['x 4@30 1-3', 'y 4@40 5-40 expired'],
  },
  {
    name: 'all of an all-or-nothing request',
    lines: ['#1 x allocate 1-', '#1 y allocate 1-', '#2 x allocate 3-4 4', '#2 y allocate 3-4 5'],
    told: ['x 4 1-', 'y 5 1-'],
  },
  {
    name: 'nothing of an all-or-nothing request',
    lines: ['#1 x allocate 1-', '#1 y allocate 1-', '#2 x allocate 3-4 refused', '#2 y allocate 3-4 refused'],
    told: [],
  },
  {
    name: 'a part of a best-effort request',
    lines: ['x allocate 1-2 4', 'y allocate 1-2 refused'],
    told: ['x 4 1-'],
  },
];

describe('grant-checker.checkGrants', () => {
  for (const { name, lines, told, wrong } of WRONG) {
    it(`finds ${name}`, () => assert.deepEqual(verdict(lines, told), wrong));
  }
  for (const { name, lines, told } of RIGHT) {
    it(`accepts ${name}`, () => assert.deepEqual(verdict(lines, told), []));
  }
});
