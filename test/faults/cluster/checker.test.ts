import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { check, type Wrong } from './checker.ts';
import type { Listing, Operation, Outcome, Verb } from './record.ts';

// Histories written by hand. Each line is one attempt of an owner: verb, begin-end (no end: no response), address.

/** `x allocate 1-2 A`, `x release 3-`, `y allocate 4-5 exhausted`, `x release(A) 6-7 none`. */
function operation(line: string): Operation {
  const [, owner = '', verb, only, began, ended, result = ''] =
    /^(\w+) (\w+?)(?:\((\w+)\))? (\d+)-(\d*) ?(\w+)?$/.exec(line) ?? assert.fail(line);
  const outcomes: Partial<Record<string, Outcome>> = { exhausted: 'exhausted', refused: 'refused' };
  const outcome = ended === '' ? 'unknown' : (outcomes[result] ?? 'done');
  return {
    owner,
    verb: verb as Verb,
    only,
    began: Number(began),
    ended: ended === '' ? Infinity : Number(ended),
    outcome,
    ip: outcome === 'done' && result !== 'none' ? result : undefined,
    where: 'n1',
  };
}

/** `100 x=A y=B`: the allocations at that tick. */
function listing(line: string): Listing {
  const [tick, ...pairs] = line.split(' ');
  const held = pairs.map((pair) => pair.split('=') as [string, string]);
  return { where: 'n2', began: Number(tick), ended: Number(tick) + 1, held };
}

function verdict(lines: readonly string[], lists: readonly string[] = [], capacity = 2): Wrong[] {
  const found = check(lines.map(operation), lists.map(listing), capacity);
  return [...new Set(found.map(({ wrong }) => wrong))].sort();
}

interface Case {
  readonly name: string;
  readonly lines: readonly string[];
  readonly lists?: readonly string[];
  readonly wrong: readonly Wrong[];
}

const WRONG: readonly Case[] = [
  {
    name: 'two owners that get one address, one after the other',
    lines: ['x allocate 1-2 A', 'y allocate 3-4 A'],
    wrong: ['duplicate'],
  },
  {
    name: 'two owners that get one address at the same time',
    lines: ['x allocate 1-3 A', 'y allocate 2-4 A'],
    wrong: ['duplicate'],
  },
  {
    name: 'an address that is allocated and released while another owner has it',
    lines: ['x allocate 1-2 A', 'y allocate 3-5 A', 'y release 4-6 A'],
    wrong: ['duplicate'],
  },
  {
    name: 'a lookup that finds the address of another owner',
    lines: ['x allocate 1-2 A', 'y allocate 3-', 'y lookup 4-5 A'],
    wrong: ['duplicate'],
  },
  {
    name: 'an address that is allocated again before its release',
    lines: ['x allocate 1-2 A', 'y allocate 3-4 A', 'x release 5-6 A'],
    wrong: ['duplicate'],
  },
  {
    name: 'an owner with two addresses',
    lines: ['x allocate 1-2 A', 'x allocate 3-4 B'],
    wrong: ['two addresses'],
  },
  {
    name: 'two addresses for two concurrent requests of one owner',
    lines: ['x allocate 1-4 A', 'x allocate 2-3 B', 'x lookup 5-6 B'],
    wrong: ['two addresses'],
  },
  {
    name: 'a release of one address that releases another address',
    lines: ['x allocate 1-2 A', 'x release(B) 3-4 B'],
    wrong: ['two addresses'],
  },
  { name: 'a lookup that finds nothing', lines: ['x allocate 1-2 A', 'x lookup 3-4 none'], wrong: ['lost'] },
  {
    name: 'a release that finds nothing',
    lines: ['x allocate 1-2 A', 'x release 3-4 none', 'x lookup 5-6 none'],
    wrong: ['lost'],
  },
  { name: 'an address that is not in the list', lines: ['x allocate 1-2 A'], lists: ['9'], wrong: ['lost'] },
  {
    name: 'an address that is lost although only a refused release named it',
    lines: ['x allocate 1-2 A', 'x release 3-4 refused'],
    lists: ['9'],
    wrong: ['lost'],
  },
  {
    name: 'an address that is lost although a different one was released',
    lines: ['x allocate 1-2 A', 'x release(B) 3-'],
    lists: ['9'],
    wrong: ['lost'],
  },
  {
    name: 'an address that is still allocated after its release',
    lines: ['x allocate 1-2 A', 'x release 3-4 A'],
    lists: ['9 x=A'],
    wrong: ['undead'],
  },
  { name: 'an owner that never made a request', lines: ['x allocate 1-2 A'], lists: ['9 x=A z=B'], wrong: ['undead'] },
  {
    name: 'a list with one address twice',
    lines: ['x allocate 1-', 'y allocate 2-'],
    lists: ['9 x=A y=A'],
    wrong: ['duplicate'],
  },
  { name: 'a list with one owner twice', lines: ['x allocate 1-'], lists: ['9 x=A x=B'], wrong: ['two addresses'] },
  {
    name: '"exhausted" while one of two addresses is free',
    lines: ['x allocate 1-2 A', 'y allocate 3-4 exhausted'],
    wrong: ['not exhausted'],
  },
];

const RIGHT: readonly Omit<Case, 'wrong'>[] = [
  {
    name: 'an address that is allocated again after its release',
    lines: ['x allocate 1-2 A', 'x release 3-4 A', 'y allocate 5-6 A'],
    lists: ['9 y=A'],
  },
  {
    name: 'an address that is allocated again while its release is in flight',
    lines: ['x allocate 1-2 A', 'x release 3-8 A', 'y allocate 4-5 A', 'y lookup 6-7 A'],
  },
  {
    name: 'an address that is allocated again after a release without a response',
    lines: ['x allocate 1-2 A', 'x release 3-', 'y allocate 4-5 A'],
  },
  {
    name: 'an address that a release without a response frees much later',
    lines: ['x allocate 1-2 A', 'x release 3-', 'x allocate 4-5 A', 'y allocate 6-7 A'],
  },
  {
    name: 'an allocation without a response that takes effect after its retry and its release',
    lines: ['x allocate 1-', 'x allocate 2-3 A', 'x release 4-5 A'],
    lists: ['9 x=B'],
  },
  {
    name: 'a release that begins before the allocation ends',
    lines: ['x allocate 1-4 A', 'x release 2-3 A', 'y allocate 5-6 A'],
  },
  { name: 'the same address twice', lines: ['x allocate 1-2 A', 'x allocate 3-4 A', 'x release 5-6 A'], lists: ['9'] },
  {
    name: 'an address that is allocated or not, after a release without a response',
    lines: ['x allocate 1-2 A', 'x release 3-'],
    lists: ['9'],
  },
  {
    name: 'a release that finds nothing after another release',
    lines: ['x allocate 1-2 A', 'x release 3-4 A', 'x release 5-6 none'],
  },
  {
    name: 'a release that finds nothing during another release',
    lines: ['x allocate 1-2 A', 'x release 3-6 A', 'x release 4-5 none'],
  },
  { name: 'an allocation that is refused', lines: ['x allocate 1-2 refused', 'x lookup 3-4 none'], lists: ['9'] },
  {
    name: '"exhausted" when the last address may belong to an owner that got no response',
    lines: ['x allocate 1-2 A', 'y allocate 3-', 'z allocate 4-5 exhausted'],
  },
  {
    name: '"exhausted" while a release is in flight',
    lines: ['x allocate 1-2 A', 'y allocate 3-4 B', 'x release 5-8 A', 'z allocate 6-7 exhausted'],
  },
];

describe('checker.check', () => {
  for (const { name, lines, lists, wrong } of WRONG) {
    it(`finds ${name}`, () => assert.deepEqual(verdict(lines, lists), wrong));
  }
  for (const { name, lines, lists } of RIGHT) {
    it(`accepts ${name}`, () => assert.deepEqual(verdict(lines, lists), []));
  }
});
