import type { Command } from './commands.ts';
import type { Pair } from './pair.ts';
import { allocate, release, renew } from './pair-allocations.ts';
import { add, remove, reserve, unreserve, update } from './pair-networks.ts';

/** Takes pool and model through one command, and compares them. */
export function run(pair: Pair, command: Command): void {
  pair.pass(command.do === 'pass' ? command.seconds * 1000 : 1);
  step(pair, command);
  pair.check();
}

function step(pair: Pair, command: Command): void {
  if (command.do === 'pass') return;
  if (command.do === 'restart') {
    pair.restart(command.from);
    return;
  }
  if (command.do === 'settle') {
    const oldest = pair.waiting.shift();
    if (oldest) pair.settle(oldest, command.fate);
    return;
  }
  if (command.do === 'add') {
    add(pair, `n${command.net}`, command);
    return;
  }
  const ids = [...pair.models.keys()];
  const id = ids[command.net % Math.max(1, ids.length)];
  if (id === undefined) return;
  switch (command.do) {
    case 'update':
      update(pair, id, command);
      return;
    case 'remove':
      remove(pair, id, command.force);
      return;
    case 'reserve':
      reserve(pair, id, command);
      return;
    case 'unreserve':
      unreserve(pair, id, command.which);
      return;
    case 'allocate':
      allocate(pair, id, command);
      return;
    case 'release':
      release(pair, id, command.which, command.fate);
      return;
    case 'renew':
      renew(pair, id, command.which, command.ttl, command.fate);
  }
}
