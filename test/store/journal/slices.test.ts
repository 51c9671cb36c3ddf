import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { writeSnapshot } from '../../../src/store/journal/snapshot.ts';

const COUNT = 80;

describe('journal.writeSnapshot', () => {
  it('lets others work when the clock ticks, however few events that were', async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'ippool-slices-'));
    t.after(() => rmSync(dir, { recursive: true, force: true }));
    let now = 0;
    function* slow(): Generator<PoolEvent> {
      for (let n = 0; n < COUNT; n++) {
        now += 0.25;
        yield { type: 'time_told', at: n };
      }
    }
    let turns = 0;
    const turn = () => Promise.resolve(turns++);
    await writeSnapshot(dir, { seq: 1, chain: 0 }, { families: ['pool'], events: slow() }, 'now', {
      now: () => Math.floor(now),
      turn,
    });
    assert.equal(turns, COUNT / 8);
  });
});
