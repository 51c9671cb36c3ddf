import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { after, before, describe, it, type TestContext } from 'node:test';
import { snapshotOf } from '../../../src/pool/snapshot.ts';
import { missingTools } from '../../support/tools.ts';
import { added, given, givenAll } from './history.ts';
import { Place, type Session } from './place.ts';

/** Soft limit of this process, so that few files are enough to use it up. */
const LIMIT = 200;
const RETRY_MS = 60_000;
const OFTEN = { compactBytes: 1, compactRatio: 0 };
const POSTPONED = 'no room to compact the journal: it goes on growing';

const setLimit = (limit: number) => execFileSync('prlimit', ['--pid', String(process.pid), `--nofile=${limit}:`]);

/** Opens files until no more can be opened, then closes some. */
class Hog {
  readonly #held: number[] = [];

  leave(free: number): void {
    try {
      for (;;) this.#held.push(openSync('/dev/null', 'r'));
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EMFILE');
    }
    for (const fd of this.#held.splice(0, free)) closeSync(fd);
  }

  end(): void {
    for (const fd of this.#held.splice(0)) closeSync(fd);
  }
}

describe('journal: out of file descriptors', { skip: missingTools({ prlimit: 'util-linux' }) }, () => {
  before(() => setLimit(LIMIT));
  after(() => setLimit(4096));

  async function start(t: TestContext) {
    const place = await Place.make(t);
    const hog = new Hog();
    t.after(() => hog.end());
    return { place, hog };
  }

  /** Commits go on, and once there are descriptors again a compaction makes up for it. */
  async function recovers(t: TestContext, place: Place, hog: Hog, session: Session): Promise<void> {
    assert.deepEqual(session.fatal, []);
    assert.ok(session.logs.includes(POSTPONED), session.logs.join());
    for (const event of givenAll(10, 12)) await session.commit(event);
    hog.end();
    await session.commit(given(13));
    const compacted = session.compacted();
    t.mock.timers.tick(RETRY_MS);
    await session.commit(given(14));
    await compacted;
    await session.close();
    assert.deepEqual(session.fatal, []);
    const again = await place.open();
    assert.deepEqual(again.state(), session.state());
    await again.close();
  }

  for (const free of [0, 1]) {
    it(`a compaction that cannot begin is put off: ${free} left`, async (t) => {
      const { place, hog } = await start(t);
      const session = await place.open(OFTEN);
      t.mock.timers.enable({ apis: ['setTimeout'] });
      hog.leave(free);
      await session.commit(added, given(2));
      await session.commit(given(3)); // not before the one before it was tried
      await recovers(t, place, hog, session);
    });
  }

  for (const free of [0, 1]) {
    it(`a compaction that cannot write its snapshot is put off: ${free} left`, async (t) => {
      const { place, hog } = await start(t);
      const session: Session = await place.open(OFTEN, (pool) => {
        if (!session.logs.includes(POSTPONED)) hog.leave(free);
        return snapshotOf(pool);
      });
      t.mock.timers.enable({ apis: ['setTimeout'] });
      await session.commit(added, given(2));
      // It is written beside the commits.
      while (!session.logs.includes(POSTPONED) && session.fatal.length === 0) await new Promise(setImmediate);
      await recovers(t, place, hog, session);
    });
  }
});
