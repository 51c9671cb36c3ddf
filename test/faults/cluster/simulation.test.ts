import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Random, SEED } from '../random.ts';
import { check, type Violation } from './checker.ts';
import { FLAWS, type Flaw, Simulation } from './simulation.ts';

const RUNS = 150;
const STEPS = 400;

function simulate(seed: number, flaw?: Flaw): Violation[] {
  const simulation = new Simulation(new Random(seed), flaw);
  simulation.run(STEPS);
  return check(simulation.operations, simulation.listings, simulation.capacity);
}

describe('checker.check on random histories', () => {
  it(`never accuses a correct service in ${RUNS} runs`, (t) => {
    t.diagnostic(`IPPOOL_SEED=${SEED}`);
    for (let seed = SEED; seed < SEED + RUNS; seed++) assert.deepEqual(simulate(seed), [], `IPPOOL_SEED=${seed}`);
  });

  for (const flaw of FLAWS) {
    it(`finds the flaw "${flaw}" of a service`, (t) => {
      const found = Array.from({ length: RUNS }, (_, i) => simulate(SEED + i, flaw)).filter(({ length }) => length > 0);
      const kinds = [...new Set(found.flat().map(({ wrong }) => wrong))].sort();
      t.diagnostic(`in ${found.length} of ${RUNS} runs: ${kinds.join(', ')}`);
      assert.ok(found.length >= 5);
    });
  }
});
