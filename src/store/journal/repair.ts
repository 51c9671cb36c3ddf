import { rename } from 'node:fs/promises';
import { PoolError } from '../../errors.ts';
import type { DomainEvent, Families } from '../families.ts';
import { countsOf } from './counts.ts';
import { journalName, listFolder, noData, type Numbered, syncFolder } from './folder.ts';
import { missingRecords } from './codec/format.ts';
import { Log } from './log.ts';
import { scanJournal } from './scan.ts';
import { readSnapshot, type SnapshotHead, writeSnapshot } from './snapshot.ts';
import { cutTornTail } from './torn.ts';
import { recover } from './recover.ts';

export interface Repaired {
  /** What was done, a line each; empty when there was nothing to do. */
  readonly done: readonly string[];
  /** What could not be saved, a line each. */
  readonly lost: readonly string[];
}

/**
 * Makes a damaged data folder one that can be started from. What is replaced is kept beside it as `*.damaged-<time>`.
 *
 * A torn end is cut off, as a start does. A damaged snapshot is made anew when the generation before it is sound.
 * Beyond that something is lost, and only `acceptLoss` goes on: every record that can still be read is kept, those behind
 * the damage too, because a forgotten allocation is an address that is given twice.
 *
 * @throws PoolError `data_corrupt` when something would be lost and that was not accepted, or when nothing can be saved
 */
export async function repairFolder(
  dir: string,
  registry: Families,
  acceptLoss: boolean,
  time: string,
): Promise<Repaired> {
  const suffix = `damaged-${time.replaceAll(':', '-')}`;
  const sound = await readSound(dir, registry.empty());
  if (sound) {
    if (!sound.last) throw noData(dir);
    if (sound.last.length === sound.last.end) return { done: [], lost: [] };
    const copy = await cutTornTail(sound.last, time);
    return { done: [`cut off an unfinished write, kept as ${copy}`], lost: [] };
  }
  const salvage = new Salvage(registry);
  const { journals, snapshots } = await listFolder(dir);
  await salvage.read(snapshots, journals);
  if (salvage.lost.length > 0 && !acceptLoss) {
    throw new PoolError(
      'data_corrupt',
      `${dir} cannot be repaired without loss (${salvage.lost.join('; ')}). Nothing was changed. Copy the folder; to keep what can be read: ippool journal repair --accept-loss ${dir}`,
      { lost: salvage.lost },
    );
  }
  if (salvage.families.isEmpty()) {
    throw new PoolError('data_corrupt', `${dir} holds no network that can be read: restore it from a copy`, { dir });
  }
  const newest = Math.max(salvage.seq, ...[...snapshots, ...journals].map(({ seq }) => seq));
  await writeGeneration(dir, salvage.families, { seq: newest + 1, chain: salvage.chain }, time);
  for (const { path } of [...snapshots, ...journals]) await rename(path, `${path}.${suffix}`);
  await syncFolder(dir);
  const kept = countsOf(salvage.families).get('allocations') ?? 0;
  return {
    done: [
      `wrote a new generation with ${kept} ${kept === 1 ? 'allocation' : 'allocations'}, the files before it are kept as *.${suffix}`,
    ],
    lost: salvage.lost,
  };
}

/** What a start would read; undefined when it would refuse. */
async function readSound(dir: string, families: Families) {
  try {
    return await recover(dir, families);
  } catch (error) {
    if (error instanceof PoolError && error.code === 'data_corrupt') return undefined;
    throw error;
  }
}

/** The state that the readable files lead to, and what of it is missing. */
class Salvage {
  families: Families;
  readonly lost: string[] = [];
  seq = 0;
  chain = 0;

  constructor(registry: Families) {
    this.families = registry.empty();
  }

  /**
   * Starts from the newest snapshot behind which all is sound; else from the newest that can be read at all:
   *
   *     snapshot-120   journal-120 → snapshot-4711 (damaged)   journal-4711      nothing is lost: starts at 120
   */
  async read(snapshots: readonly Numbered[], journals: readonly Numbered[]): Promise<void> {
    const starts: (Numbered | undefined)[] = [...snapshots].reverse();
    if (journals[0]?.seq === 0) starts.push(undefined);
    let best: Salvage | undefined;
    for (const start of starts) {
      const attempt = new Salvage(this.families);
      if (!(await attempt.#from(start, journals))) continue;
      if (!best || attempt.lost.length < best.lost.length) best = attempt;
      if (best.lost.length === 0) break;
    }
    if (!best) {
      this.lost.push('no snapshot can be read and the journal does not begin at the beginning');
      return;
    }
    this.families = best.families;
    this.seq = best.seq;
    this.chain = best.chain;
    this.lost.push(...best.lost);
  }

  async #from(start: Numbered | undefined, journals: readonly Numbered[]): Promise<boolean> {
    if (start) {
      try {
        const head = await readSnapshot(start.path, this.families);
        this.seq = head.seq;
        this.chain = head.chain;
      } catch (error) {
        if (error instanceof PoolError && error.code === 'data_corrupt') return false;
        throw error;
      }
    }
    for (const journal of journals) if (journal.seq >= (start?.seq ?? 0)) await this.#journal(journal);
    if (start && !journals.some(({ seq }) => seq === start.seq)) this.lost.push(`${journalName(start.seq)} is missing`);
    return true;
  }

  async #journal({ path, name, seq: base }: Numbered): Promise<void> {
    let headless: string | undefined;
    const end = await scanJournal(path, base, {
      header: () => undefined,
      commit: (records) => {
        for (const { seq, event } of records) {
          if (seq > this.seq + 1) this.lost.push(missingRecords(this.seq + 1, seq - 1));
          this.seq = Math.max(this.seq, seq);
          const violation = this.families.admit(event);
          if (violation !== undefined) this.#overrule(event, violation);
        }
        return undefined;
      },
      damage: ({ offset, rule, what }) => {
        const line = `${name} at byte ${offset}: ${what}`;
        if (rule === 'header') headless = line;
        else this.lost.push(line);
      },
    });
    // What stood in a header is known without it, and records that are missing behind it are counted above: unless none
    // is left to count from.
    if (headless !== undefined && end.seq === base) this.lost.push(headless);
    this.chain = end.crc;
  }

  /** A violation means that an earlier record is lost: the later one is true. */
  #overrule(event: DomainEvent, violation: string): void {
    this.lost.push(violation);
    this.families.overrule(event);
  }
}

/** Behind everything that was there before: a start sees either the old files, and refuses, or the new generation. */
async function writeGeneration(dir: string, families: Families, head: SnapshotHead, time: string): Promise<void> {
  const log = await Log.create(dir, head.seq, head.chain, time);
  await log.close();
  await writeSnapshot(dir, head, families.snapshot(), time);
}
