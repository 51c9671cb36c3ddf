import { PoolError } from '../../errors.ts';
import type { Families } from '../families.ts';
import { countsOf } from './counts.ts';
import { type Contents, listFolder, noData, type Numbered } from './folder.ts';
import { verifyHistory } from './history/verify.ts';
import { checkHeader } from './recover.ts';
import { type ScanEnd, scanJournal } from './scan.ts';
import { readSnapshot } from './snapshot.ts';

/** A rule that a data folder breaks, and where. */
export interface Finding {
  readonly file: string;
  readonly offset: number;
  readonly rule: string;
  readonly what: string;
  /** False for what a crash leaves behind and the next start clears away. */
  readonly damage: boolean;
}

export interface Verified {
  readonly findings: readonly Finding[];
  readonly files: number;
  readonly records: number;
  /** How much there is of each kind at the end; see {@link OfflineFamily.kindOf}. */
  readonly counts: ReadonlyMap<string, number>;
}

/**
 * Reads every file of a data folder, both generations and the history, and goes on behind damage. Changes nothing.
 *
 * Beside each file's own rules it checks that the files continue each other, that the history never contradicts itself,
 * and that each snapshot is the state that the journal before it leads to.
 *
 * @throws PoolError `data_mismatch` when the folder holds no journal, or one of a newer version
 */
export async function verifyFolder(dir: string, registry: Families): Promise<Verified> {
  const contents = await listFolder(dir);
  const files = contents.journals.length + contents.snapshots.length;
  if (files === 0) throw noData(dir);
  const verifier = new Verifier(registry);
  for (const name of contents.unfinished) {
    verifier.note(name, 0, 'unfinished', 'left by a compaction that did not finish; the next start deletes it');
  }
  await verifier.read(contents);
  const history = await verifyHistory(contents, (file, offset, rule, what) => verifier.note(file, offset, rule, what));
  return {
    findings: asStartSeesIt(verifier.findings, contents),
    files: files + contents.segments.length,
    records: verifier.records + history,
    counts: countsOf(verifier.families),
  };
}

class Verifier {
  readonly findings: Finding[] = [];
  records = 0;
  families: Families;
  #seq: number | undefined;
  #chain: number | undefined;
  /** Whether something was damaged since the last snapshot that could be read: then the pool is not the state to compare. */
  #doubtful = false;

  constructor(registry: Families) {
    this.families = registry.empty();
  }

  note(file: string, offset: number, rule: string, what: string): void {
    this.findings.push({ file, offset, rule, what, damage: false });
  }

  async read({ snapshots, journals }: Contents): Promise<void> {
    const order = [...snapshots, ...journals].sort((a, b) => a.seq - b.seq || b.name.localeCompare(a.name));
    for (const file of order) {
      if (file.name.endsWith('.json')) await this.#snapshot(file);
      else await this.#journal(file, file === journals.at(-1));
    }
    if (this.#seq === undefined) return;
    const newest = snapshots.at(-1);
    if (newest && journals.at(-1)?.seq !== undefined && (journals.at(-1)?.seq ?? 0) < newest.seq) {
      this.#damage(
        newest.name,
        0,
        'generation',
        `journal-${newest.seq}.jsonl is missing, which goes on from this snapshot`,
      );
    }
  }

  #damage(file: string, offset: number, rule: string, what: string): void {
    this.#doubtful = true;
    this.findings.push({ file, offset, rule, what, damage: true });
  }

  /** Runs one file's reading; what it throws of its own is a finding. */
  async #guard(file: string, work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      if (!(error instanceof PoolError) || error.code !== 'data_corrupt') throw error;
      const { offset, rule, what } = error.details;
      this.#damage(file, Number(offset), String(rule), String(what));
      return false;
    }
  }

  async #snapshot({ path, name, seq }: Numbered): Promise<void> {
    const own = this.families.empty();
    const comparable = this.#seq === seq && !this.#doubtful;
    let head: { seq: number; chain: number } | undefined;
    const sound = await this.#guard(name, async () => {
      head = await readSnapshot(path, own);
    });
    if (!sound || !head) return;
    if (head.seq !== seq) this.#damage(name, 0, 'generation', `it holds the state after record ${head.seq}`);
    if (comparable) {
      if (this.#chain !== head.chain) this.#damage(name, 0, 'chain', 'it does not belong to the journal before it');
      if (!sameState(own, this.families)) {
        this.#damage(name, 0, 'state', 'it is not the state that the journal before it leads to');
      }
    }
    this.families = own;
    this.#seq = seq;
    this.#chain = head.chain;
    this.#doubtful = false;
  }

  async #journal({ path, name, seq }: Numbered, isLast: boolean): Promise<void> {
    if (this.#seq === undefined && seq > 0) {
      this.#damage(name, 0, 'generation', `snapshot-${seq}.json is missing, the state that this journal goes on from`);
    } else if ((this.#seq ?? 0) !== seq) {
      this.#damage(
        name,
        0,
        'generation',
        `it goes on from record ${seq}, but the file before it ends at ${this.#seq ?? 0}`,
      );
    }
    const expected = this.#seq === seq ? this.#chain : undefined;
    let end: ScanEnd | undefined;
    await this.#guard(name, async () => {
      end = await scanJournal(path, seq, {
        header: (header) => checkHeader(name, header, seq, expected),
        commit: (records) => {
          this.records += records.length;
          return records.map(({ event }) => this.families.admit(event)).find((problem) => problem !== undefined);
        },
        damage: ({ offset, rule, what }) => this.#damage(name, offset, rule, what),
      });
    });
    if (!end) return;
    this.#seq = end.seq;
    this.#chain = end.crc;
    if (end.length === end.end || this.findings.some((finding) => finding.damage && finding.file === name)) return;
    const what = `the last ${end.length - end.end} bytes are an unfinished write`;
    if (isLast) this.note(name, end.end, 'torn', `${what}, which nobody had an answer for; the next start cuts it off`);
    else this.#damage(name, end.end, 'torn', `${what}, but another journal follows`);
  }
}

/** What lies before a sound newest snapshot is not read by a start: it is worth knowing, and stops nothing. */
function asStartSeesIt(findings: readonly Finding[], { snapshots }: Contents): Finding[] {
  const newest = snapshots.at(-1);
  if (!newest || findings.some(({ file, damage }) => damage && file === newest.name)) return [...findings];
  return findings.map((finding) => {
    const seq = Number(/\d+/.exec(finding.file)?.[0]);
    if (!finding.damage || seq >= newest.seq) return finding;
    return {
      ...finding,
      damage: false,
      what: `${finding.what} (in the older generation, which a start does not read)`,
    };
  });
}

/** Compares event by event: the text of a large state does not fit into one string. */
function sameState(a: Families, b: Families): boolean {
  const right = linesOf(b);
  for (const left of linesOf(a)) {
    if (left !== right.next().value) return false;
  }
  return right.next().done === true;
}

/** A state as lines that are the same after every replay of the same history. */
function* linesOf(families: Families): Generator<string> {
  for (const event of families.snapshot().events) {
    const part = families.afterReplay(event);
    if (part !== undefined) yield JSON.stringify(part);
  }
}
