import type { Random } from './random.ts';

/** The possible effects of a power cut on unsynced bytes and names. A file system may show any of them. */
export const FATES = ['nothing', 'everything', 'prefix', 'blocks'] as const;
export type Fate = (typeof FATES)[number];

const BLOCK = 512;

/** Bytes written at an offset, or the length that a file was truncated to. */
type Change = { readonly at: number; readonly bytes: Buffer } | { readonly length: number };

interface Inode {
  durable: Buffer;
  unsynced: Change[];
}

/** A name that now refers to a file (undefined: deleted), and the file that it referred to before. */
interface Naming {
  readonly name: string;
  readonly inode: Inode | undefined;
  readonly before?: string;
}

/** A folder on a disk, replayed from the log of powercut.c: its durable content and its unsynced changes. */
export class Disk {
  readonly #log: Buffer;
  /** How much of the log has been replayed, in bytes. */
  position = 0;
  /** Number of operations by their letter, with which a test proves that a cut could have an effect. */
  readonly counts: Record<string, number> = {};
  readonly #inodes = new Map<string, Inode>();
  readonly #names = new Map<string, Inode>();
  #durableNames = new Map<string, Inode>();
  #unsyncedNames: Naming[] = [];

  /** @param files the durable content at the begin of the log: name, inode number, bytes */
  constructor(log: Buffer, files: Iterable<readonly [name: string, number: number, bytes: Buffer]>) {
    this.#log = log;
    for (const [name, number, bytes] of files) {
      const inode = { durable: bytes, unsynced: [] };
      this.#inodes.set(String(number), inode);
      this.#names.set(name, inode);
    }
    this.#durableNames = new Map(this.#names);
  }

  /** Replays the next operation of the log; false at its end. */
  step(): boolean {
    const end = this.#log.indexOf('\n', this.position);
    if (end < 0) return false;
    const [verb = '', ...words] = this.#log.toString('utf8', this.position, end).split(' ');
    this.position = end + 1;
    this.counts[verb] = (this.counts[verb] ?? 0) + 1;
    this.#play(verb, words);
    return true;
  }

  /** Whether a power cut now could lose anything. */
  get isDirty(): boolean {
    return this.#unsyncedNames.length > 0 || [...this.#inodes.values()].some(({ unsynced }) => unsynced.length > 0);
  }

  /** The content of the folder after a power cut now. */
  cut(fate: Fate, random: Random): Map<string, Buffer> {
    const contents = new Map<Inode, Buffer>();
    const contentOf = (inode: Inode) => {
      const content = contents.get(inode) ?? survivor(inode, fate, random);
      contents.set(inode, content);
      return content;
    };
    const names = new Map(this.#durableNames);
    const kept = random.below(this.#unsyncedNames.length + 1);
    this.#unsyncedNames.forEach((naming, i) => {
      const survives = { nothing: false, everything: true, prefix: i < kept, blocks: random.next() < 0.5 }[fate];
      if (survives) rename(names, naming);
    });
    return new Map([...names].map(([name, inode]) => [name, contentOf(inode)]));
  }

  #play(verb: string, [first = '', second = '', third = '']: readonly string[]): void {
    const change = (change: Change) => this.#inode(first).unsynced.push(change);
    switch (verb) {
      case 'C': {
        // The inode number may have belonged to a deleted file; this is a new one.
        const inode = { durable: Buffer.alloc(0), unsynced: [] };
        this.#inodes.set(first, inode);
        this.#rename({ name: second, inode });
        return;
      }
      case 'W': {
        const end = this.position + Number(third);
        change({ at: Number(second), bytes: this.#log.subarray(this.position, end) });
        this.position = end + 1;
        return;
      }
      case 'T':
        change({ length: Number(second) });
        return;
      case 'S': {
        const inode = this.#inode(first);
        inode.durable = inode.unsynced.reduce(changed, inode.durable);
        inode.unsynced = [];
        return;
      }
      case 'R':
        this.#rename({ name: second, inode: this.#names.get(first), before: first });
        return;
      case 'U':
        this.#rename({ name: first, inode: undefined });
        return;
      case 'D':
        this.#durableNames = new Map(this.#names);
        this.#unsyncedNames = [];
        return;
      default:
        throw new Error(`the log of powercut.c has an unknown operation ${verb}`);
    }
  }

  #rename(naming: Naming): void {
    rename(this.#names, naming);
    this.#unsyncedNames.push(naming);
  }

  #inode(number: string): Inode {
    const inode = this.#inodes.get(number);
    if (!inode) throw new Error(`the log of powercut.c refers to a file that was never created: ${number}`);
    return inode;
  }
}

function rename(names: Map<string, Inode>, { name, inode, before }: Naming): void {
  if (before !== undefined) names.delete(before);
  if (inode) names.set(name, inode);
  else names.delete(name);
}

function changed(content: Buffer, change: Change): Buffer {
  if ('length' in change) return resized(content, change.length);
  const result = resized(content, Math.max(content.length, change.at + change.bytes.length));
  change.bytes.copy(result, change.at);
  return result;
}

/** A copy with this length, padded with zeros. */
function resized(content: Buffer, length: number): Buffer {
  const result = Buffer.alloc(length);
  content.copy(result);
  return result;
}

/** The remaining content of a file. */
function survivor({ durable, unsynced }: Inode, fate: Fate, random: Random): Buffer {
  switch (fate) {
    case 'nothing':
      return durable;
    case 'everything':
      return unsynced.reduce(changed, durable);
    case 'prefix': {
      // The changes up to a random one, and the first bytes of that one.
      const torn = random.below(unsynced.length + 1);
      const content = unsynced.slice(0, torn).reduce(changed, durable);
      const last = unsynced[torn];
      if (!last || 'length' in last) return content;
      return changed(content, { at: last.at, bytes: last.bytes.subarray(0, random.below(last.bytes.length + 1)) });
    }
    case 'blocks': {
      // The final length, and a random subset of the changed blocks.
      const content = unsynced.reduce(changed, Buffer.from(durable));
      const old = resized(durable, content.length);
      for (let at = 0; at < content.length; at += BLOCK) {
        if (random.next() < 0.5) old.copy(content, at, at, at + BLOCK);
      }
      return content;
    }
  }
}
