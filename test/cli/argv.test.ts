import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { commandFirst } from '../../src/cli/argv.ts';

const COMMANDS = ['serve', 'list', 'import', 'network add', 'network list'];
const SWITCHES = new Set(['json', 'memory']);

describe('commandFirst', () => {
  const lines: readonly [line: string, ordered: string][] = [
    ['list -n x', 'list -n x'],
    ['--db DIR network add 10.0.0.0/8 -d text', 'network add --db DIR 10.0.0.0/8 -d text'],
    ['--db=DIR network --json add 10.0.0.0/8', 'network add --db=DIR --json 10.0.0.0/8'],
    ['--json list', 'list --json'],
    ['--db list list', 'list --db list'],
    ['list network', 'list network'],
    ['--no-drain list', 'list --no-drain'],
    ['--port 0 --memory', '--port 0 --memory'],
    ['frob list', 'frob list'],
    ['import --format csv -', 'import --format csv /dev/stdin'],
    ['import --json -', 'import --json /dev/stdin'],
    ['import --live - x', 'import --live=- x'],
    ['list -- --json', 'list -- --json'],
    ['', ''],
  ];
  for (const [line, ordered] of lines) {
    it(line || 'nothing', () => {
      const words = line === '' ? [] : line.split(' ');
      assert.equal(commandFirst(words, COMMANDS, SWITCHES).join(' '), ordered);
    });
  }

  it('refuses half of a command, but not a call for help', () => {
    assert.throws(() => commandFirst(['network', '-n', 'x'], COMMANDS, SWITCHES), { code: 'usage' });
    assert.deepEqual(commandFirst(['network', '--help'], COMMANDS, SWITCHES), ['network', '--help']);
  });
});
