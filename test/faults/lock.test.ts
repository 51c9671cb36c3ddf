import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Caller } from './caller.ts';
import { refusal, scratch, serve } from './serving.ts';

describe('two servers on one data folder', () => {
  it('let the first one serve, and the next one only after the first was killed', async (t) => {
    const data = scratch(t);
    const first = await serve(t, { data });
    const caller = new Caller(first.url);
    const { body } = await caller.allocate('vm-1');

    const { code, stdout, stderr } = await refusal(['--data', data]);
    assert.equal(code, 75);
    assert.match(stderr, /^.*\n$/, 'one line');
    assert.ok(
      stderr.includes(data) && stderr.includes(String(first.pid)),
      'names the folder and the process that has locked it',
    );
    assert.ok(!stdout.includes('ready on'));

    assert.equal((await caller.allocate('vm-2')).status, 201);
    caller.close();
    await first.kill('SIGKILL');

    const third = await serve(t, { data });
    const again = new Caller(third.url);
    assert.deepEqual((await again.allocate('vm-1')).body.ip, body.ip);
    assert.equal((await again.allocate('vm-2')).status, 200);
    again.close();
    await third.stop();
  });
});
