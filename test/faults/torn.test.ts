import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, it } from 'node:test';
import { Caller } from './caller.ts';
import { contentsOf, fileLike } from './folder.ts';
import { scratch, serve } from './serving.ts';

describe('a journal whose last write was torn by a crash', () => {
  it('is truncated to what was acknowledged, and the torn tail is copied to a file', async (t) => {
    const data = scratch(t);
    const journal = join(data, 'journal-0.jsonl');
    const first = await serve(t, { data });
    const caller = new Caller(first.url);
    const { body } = await caller.allocate('vm-1');
    caller.close();
    await first.stop();
    const sound = readFileSync(journal, 'utf8');
    // Half of a record, as if the next write had been interrupted.
    const record = sound.slice(sound.lastIndexOf('\n', sound.length - 2) + 1);
    appendFileSync(journal, record.replaceAll('vm-1', 'vm-2').slice(0, record.length / 2));
    const torn = readFileSync(journal, 'utf8');

    const second = await serve(t, { data });
    const copy = fileLike(data, /^journal-0\.jsonl\.torn-/);
    assert.equal(readFileSync(copy, 'utf8'), torn.slice(sound.length));
    assert.equal(readFileSync(journal, 'utf8'), sound);
    assert.ok(second.stdout().includes(basename(copy)), 'the log names the copy');

    const again = new Caller(second.url);
    assert.deepEqual(await again.held(), [['vm-1', body.ip]]);
    assert.equal((await again.allocate('vm-2')).status, 201);
    again.close();
    await second.kill('SIGKILL');

    const third = await serve(t, { data });
    const last = new Caller(third.url);
    assert.equal((await last.held()).length, 2);
    last.close();
    assert.deepEqual(await third.stop(), { code: 0, signal: null });
    assert.equal(
      Object.keys(contentsOf(data)).filter((name) => name.includes('.torn-')).length,
      1,
      'one tear, one copy',
    );
  });
});
