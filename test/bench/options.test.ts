import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseOptions, USAGE } from './options.ts';
import { SUITE_NAMES } from './suites.ts';

function parsed(text: string) {
  const options = parseOptions(text.split(' ').filter((word) => word !== ''));
  assert.ok(options);
  return options;
}

describe('bench options', () => {
  it('runs every suite but the cluster when none is named, and those that are, once each', () => {
    assert.deepEqual(parsed('').suites, ['http', 'durable', 'scale', 'restart', 'bulk']);
    assert.deepEqual(parsed('cluster --quick http cluster').suites, ['cluster', 'http']);
  });

  it('takes the flags', () => {
    const text =
      '--rounds 3 --seconds 0.5 --connections 1,64 --callers 8 --kills 2 --allocations 1000000 --folder a --out b --json';
    const { rounds, seconds, connections, callers, kills, allocations, folder, out, format } = parsed(text);
    assert.deepEqual(
      { rounds, seconds, connections, callers, kills, allocations, folder, out, format },
      {
        ...{ rounds: 3, seconds: 0.5, connections: [1, 64], callers: [8], kills: 2, allocations: 1_000_000 },
        ...{ folder: 'a', out: 'b', format: 'json' },
      },
    );
  });

  it('leaves the connections to the suites', () => assert.equal(parsed('').connections, undefined));

  it('is quick', () => {
    const { rounds, seconds, kills } = parsed('--quick');
    assert.deepEqual({ rounds, seconds, kills }, { rounds: 1, seconds: 0.1, kills: 1 });
    assert.equal(parsed('--quick --rounds 2').rounds, 2);
  });

  for (const [text, named] of [
    ['--rounds many', /--rounds many/],
    ['--rounds 1.5', /--rounds 1\.5/],
    ['--rounds 0', /--rounds 0/],
    ['--connections 1,', /--connections/],
    ['--allocations 17000000', /--allocations 17000000/],
    ['--fast', /--fast/],
    ['htp', /htp: no suite; there are http, /],
    ['constructor', /constructor: no suite/],
  ] as const) {
    it(`refuses ${text}`, () => assert.throws(() => parsed(text), named));
  }

  it('explains itself, and names every suite', () => {
    assert.equal(parseOptions(['--help']), undefined);
    for (const name of SUITE_NAMES) assert.match(USAGE, new RegExp(`^  ${name} `, 'm'));
  });
});
