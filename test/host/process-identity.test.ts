import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { thisProcess } from '../../src/host/process-identity.ts';

describe('whether a process has ended', () => {
  const { name, hasEnded } = thisProcess();
  const of = (pid: number | string) => name.replace(/\d+$/, String(pid));

  it('is known of this machine', (t) => {
    const lives = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    t.after(() => lives.kill());
    assert.equal(hasEnded(of(lives.pid ?? 0)), false);
    assert.equal(hasEnded(of(spawnSync(process.execPath, ['--version']).pid)), true);
    assert.equal(hasEnded(of(1)), false);
    assert.equal(hasEnded(name), true);
  });

  it('is not known of another, or of what is no process', () => {
    const ended = spawnSync(process.execPath, ['--version']).pid;
    for (const other of ['', `other/${ended}`, String(ended), of(''), of('x'), of(-1), of(0), of(1.5), `${of(ended)}/`])
      assert.equal(hasEnded(other), false, other);
  });
});
