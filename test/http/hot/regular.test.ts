import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

/** The tests of the calls that the hot path handles; in this process they run with it. */
const FILES = ['actor', 'allocate', 'app', 'errors', 'ippool-client', 'origin', 'release', 'server'];

describe('http without the hot path', () => {
  it('passes the same tests', () => {
    const files = FILES.map((name) => fileURLToPath(new URL(`../${name}.test.ts`, import.meta.url)));
    // Without NODE_TEST_CONTEXT, which would make it report to our runner.
    const { NODE_TEST_CONTEXT: _, ...env } = process.env;
    const { status, stdout } = spawnSync(process.execPath, ['--import', 'tsx', '--test', ...files], {
      env: { ...env, IPPOOL_TEST_PATH: 'regular' },
      encoding: 'utf8',
    });
    assert.equal(status, 0, stdout);
    assert.match(stdout, /pass \d\d/);
  });
});
