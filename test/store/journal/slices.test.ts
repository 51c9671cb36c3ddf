import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { writeSnapshot } from '../../../src/store/journal/snapshot.ts';

const COUNT = 80;

describe('journal.writeSnapshot', () => {
  it('lets others work after half a millisecond, however few events that were', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'ippool-slices-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    function* slow(): Generator<PoolEvent> {
      for (let n = 0; n < COUNT; n++) {
        for (const began = performance.now(); performance.now() - began < 0.25;);
        yield { type: 'time_told', at: n };
      }
    }
    let turns = 0;
    await writeSnapshot(dir, { seq: 1, chain: 0 }, slow(), 'now', () => {
      turns++;
      return Promise.resolve();
    });
    assert.equal(turns, COUNT / 8);
  });
});
