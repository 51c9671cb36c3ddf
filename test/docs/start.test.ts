import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { missingEtcd } from '../support/etcd-binary.ts';
import { Machine, missingMachine } from '../support/machine.ts';
import { shellBlocks } from '../support/page.ts';

/** A line of curl, and the response that the page shows below it. */
interface Step {
  readonly line: string;
  readonly shown: string | undefined;
}

// The curl lines of README.md, word for word, against a service without a flag. `npm start` itself is run in test/setup.
describe('the five minutes of README.md', { skip: missingEtcd() || missingMachine() }, () => {
  let machine: Machine;
  before(async () => {
    machine = await Machine.make();
    await machine.start('ippool', 'ippool.log');
    await machine.until('curl --silent --fail http://127.0.0.1:8080/readyz');
  });
  after(() => machine.stop());

  const lines = shellBlocks('README.md', '## Five minutes').flat();
  const steps = lines.flatMap((line, at): Step[] =>
    line.startsWith('curl ') ? [{ line, shown: /^# (\{.*)$/.exec(lines[at + 1] ?? '')?.[1] }] : [],
  );

  it('have an allocation, the same again, a release, and their responses', () => {
    const shown = steps.filter((step) => step.shown !== undefined).map(({ line }) => line);
    assert.equal(shown.filter((line) => line.endsWith('/ip/allocate')).length, 2);
    assert.equal(shown.filter((line) => line.includes('/ip/release/')).length, 1);
  });

  for (const { line, shown } of steps) {
    it(line, async () => {
      const { code, stdout } = await machine.run(line.replace('curl ', 'curl --silent --fail '));
      assert.equal(code, 0, stdout);
      if (shown !== undefined) assert.deepEqual(withoutTime(stdout), withoutTime(shown));
    });
  }
});

function withoutTime(json: string): object {
  return { ...(JSON.parse(json) as object), allocated_at: '…' };
}
