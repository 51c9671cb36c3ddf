import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../src/pool/events.ts';
import { PoolError } from '../../src/errors.ts';
import { Pool } from '../../src/pool/pool.ts';
import { Journal } from '../../src/store/journal/journal.ts';
import { verifyFolder } from '../../src/store/journal/verify.ts';
import { missingTools } from '../support/tools.ts';
import { FATES } from './disk.ts';
import { Random, SEED } from './random.ts';
import { compileRecorder, fill, Recording } from './recording.ts';
import { scratch } from './serving.ts';
import { familiesOf, poolEvents } from '../support/families.ts';

/** Number of folders that are rebuilt and opened, out of thousands of possible ones. */
const CUTS = Number(process.env.IPPOOL_CUTS ?? 150);
const ARGS = ['--network', '10.9.0.0/25', '--compact-bytes', '15000'];

describe('a power cut', { skip: missingTools({ gcc: 'gcc libc6-dev', flock: 'util-linux' }) }, () => {
  it('loses nothing that was acknowledged, whenever it happens', async (t) => {
    t.diagnostic(`IPPOOL_SEED=${SEED}`);
    const random = new Random(SEED);
    const root = scratch(t);
    const recording = new Recording(root, compileRecorder(root));
    const seen = { states: 0, torn: 0, generations: 0 };
    for (let blackout = 0; blackout < 3; blackout++) {
      // Two servers between two cuts: the second one continues with what the first left in the page cache.
      for (let life = 0; life < 2; life++) {
        const wrong = await recording.live(t, random, { args: ARGS, syncs: 30 + random.below(60) });
        assert.deepEqual([...wrong, ...recording.history.contradictions], []);
      }
      const { states, torn, wrong } = await cutEverywhere(recording, root, random, CUTS / 3);
      assert.deepEqual(wrong.slice(0, 5), []);
      seen.states += states;
      seen.torn += torn;

      const disk = recording.disk();
      while (disk.step());
      assert.ok(recording.matches(disk.cut('everything', random)), 'the recorder saw every change of the folder');
      assert.ok(disk.isDirty, 'the server was killed between a write and its fdatasync');
      seen.generations += disk.counts.U ?? 0;
      recording.restart(disk.cut(random.pick(FATES), random));
    }
    const { history } = recording;
    assert.deepEqual(history.overlaps(), []);
    t.diagnostic(`${history.answered} requests answered; ${JSON.stringify(seen)}`);
    assert.ok(seen.states >= CUTS / 2 && seen.torn > 0 && seen.generations > 0, 'there was something to lose in a cut');
  });

  for (const lie of ['data', 'folder'] as const) {
    it(`reveals a sync of the ${lie} that reports success and does nothing`, async (t) => {
      const random = new Random(SEED);
      const root = scratch(t);
      const recording = new Recording(root, compileRecorder(root));
      await recording.live(t, random, { args: ARGS, syncs: 30, lie });
      const { wrong } = await cutEverywhere(recording, root, random, 60);
      assert.ok(wrong.some((text) => text.startsWith('lost:')));
    });
  }
});

/** Cuts the power at random positions of a recording, in every way, and starts from what remains. */
async function cutEverywhere(recording: Recording, root: string, random: Random, cuts: number) {
  const counting = recording.disk();
  let moments = 0;
  while (counting.step()) if (counting.isDirty) moments++;

  const result = { states: 0, torn: 0, wrong: [] as string[] };
  const disk = recording.disk();
  const dir = join(root, 'after');
  while (disk.step()) {
    for (const fate of FATES) {
      const isDrawn = disk.isDirty && random.next() < cuts / moments / FATES.length;
      if (!isDrawn && !recording.landmarks.has(disk.position)) continue;
      fill(dir, disk.cut(fate, random));
      const where = `at byte ${disk.position} of the log, ${fate} left`;
      const damage = await damageOf(dir);
      const first = await reopen(dir);
      result.states++;
      result.torn += first.torn;
      const wrong = first.refused === undefined ? recording.judge(first.held, disk) : [`refused: ${first.refused}`];
      result.wrong.push(...[...wrong, ...damage].map((text) => `${text} ${where}`));
      if (first.torn > 0) {
        // What was written after a truncated tail is read again.
        const second = await reopen(dir);
        assert.deepEqual(second, { held: first.held, torn: 0, refused: undefined }, where);
      }
    }
  }
  return result;
}

/** What `ippool journal verify` reports as damage; nothing for a folder without a journal. */
async function damageOf(dir: string): Promise<string[]> {
  try {
    const { findings } = await verifyFolder(dir, familiesOf());
    return findings.filter(({ damage }) => damage).map(({ file, what }) => `damage: ${file}: ${what}`);
  } catch (error) {
    if (error instanceof PoolError && error.code === 'data_mismatch') return [];
    throw error;
  }
}

/** Opens a folder as a server does, allocates one more address, and closes. */
async function reopen(dir: string) {
  const pool = new Pool();
  const result = { held: [] as [vm: string, ip: string][], torn: 0, refused: undefined as string | undefined };
  const journal = new Journal({
    dir,
    requireExisting: false,
    families: familiesOf(pool),
    accept: () => undefined,
    fatal: (error) => (result.refused = error.message),
    log: (level) => (result.torn += level === 'warn' ? 1 : 0),
    now: () => Date.now(),
    compactBytes: 15_000,
    compactRatio: 1,
  });
  try {
    await journal.open((batch) => poolEvents(batch.events).forEach((event) => pool.apply(event)));
    const network = pool.find('default');
    if (!network) return result;
    for (const { vm_id, offset } of network.allocations()) {
      if (vm_id !== LATER) result.held.push([vm_id, network.ipAt(offset)]);
    }
    const free = network.free.next(0n);
    if (free !== undefined && !network.byOwner({ vm_id: LATER, nic: '' })) {
      const origin = { at: 0, actor: 'test', request_id: 'test' };
      const ip = network.ipAt(free);
      const event: PoolEvent = { type: 'ip_allocated', network: 'default', ip, vm_id: LATER, nic: '', ...origin };
      await journal.commit([event]);
    }
  } catch (error) {
    result.refused = error instanceof PoolError ? `${error.code}: ${error.message}` : String(error);
  } finally {
    await journal.close();
  }
  return result;
}

const LATER = 'after-the-cut';
