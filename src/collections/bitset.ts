/**
 * A set of offsets 0 to size - 1 with a summary above it, so that the next member is found without a scan.
 *
 *     level 2                  [ 1 ]                 one word: which words of level 1 are not zero
 *     level 1        [ 0100…1 ]     …               one bit for each word of level 0
 *     level 0   [ 0000 ] [ 0110 ] … [ 1000 ]        one bit for each offset
 *
 * With 32 bits a word a /8 (2^24 offsets) has five levels: at most five words are read on the way up and five on
 * the way down, whether it is empty or nearly full. 2.16 MB for a /8. The shape is a van Emde Boas tree cut off at
 * one machine word (cf. Linux sbitmap, lib/sbitmap.c, which keeps one summary level).
 */
export class Bitset {
  readonly #levels: Uint32Array[] = [];
  readonly #size: number;
  #count = 0;

  /** An empty set for offsets 0 to `size` - 1; size 1 to 2^32. */
  constructor(size: number) {
    this.#size = size;
    let bits = size;
    do {
      bits = Math.ceil(bits / 32);
      this.#levels.push(new Uint32Array(bits));
    } while (bits > 1);
  }

  /** How many offsets are in the set. */
  get count(): number {
    return this.#count;
  }

  /** Whether an offset is in the set; false for one out of bounds. */
  has(offset: number): boolean {
    return offset >= 0 && offset < this.#size && (this.#word(0, offset >>> 5) & (1 << (offset & 31))) !== 0;
  }

  /** Puts an offset into the set. Nothing happens when it is there already or out of bounds. */
  add(offset: number): void {
    if (offset < 0 || offset >= this.#size || this.has(offset)) return;
    this.#count++;
    let index = offset;
    for (const words of this.#levels) {
      const before = words[index >>> 5] ?? 0;
      words[index >>> 5] = before | (1 << (index & 31));
      if (before !== 0) return; // the levels above know this word already
      index >>>= 5;
    }
  }

  /** Takes an offset out of the set. Nothing happens when it is not in it. */
  delete(offset: number): void {
    if (!this.has(offset)) return;
    this.#count--;
    let index = offset;
    for (const words of this.#levels) {
      const after = (words[index >>> 5] ?? 0) & ~(1 << (index & 31));
      words[index >>> 5] = after;
      if (after !== 0) return; // the word is still not empty
      index >>>= 5;
    }
  }

  /** Puts `first` to `last` (both included) into the set, a word at a time. What is out of bounds is left out. */
  addRange(first: number, last: number): void {
    const start = Math.max(first, 0);
    const end = Math.min(last, this.#size - 1);
    if (start > end) return;
    for (let index = start >>> 5; index <= end >>> 5; index++) {
      this.#write(index, this.#word(0, index) | wordMask(index, start, end));
    }
  }

  /** Takes `first` to `last` (both included) out of the set, a word at a time. */
  deleteRange(first: number, last: number): void {
    const start = Math.max(first, 0);
    const end = Math.min(last, this.#size - 1);
    if (start > end) return;
    for (let index = start >>> 5; index <= end >>> 5; index++) {
      this.#write(index, this.#word(0, index) & ~wordMask(index, start, end));
    }
  }

  /** The smallest member that is `from` or more; undefined when there is none. */
  next(from: number): number | undefined {
    if (from >= this.#size) return undefined;
    let index = Math.max(0, from);
    for (let level = 0; level < this.#levels.length; level++) {
      const word = this.#word(level, index >>> 5) & (-1 << (index & 31));
      if (word !== 0) return this.#descend(level, (index >>> 5) * 32 + lowestBit(word));
      index = (index >>> 5) + 1; // nothing left in this word: ask for the next word, one level up
      if (index >= (this.#levels[level]?.length ?? 0)) return undefined;
    }
    return undefined;
  }

  /**
   * The smallest offset that is `from` or more and not in the set: the size when all of them are, `from` when it is out of
   * bounds. Reads full words one after the other, 32 offsets each, and no further than to `until`, which is the answer then.
   */
  nextAbsent(from: number, until = this.#size): number {
    if (from < 0 || from >= this.#size) return from;
    const words = this.#levels[0] ?? new Uint32Array();
    let index = from >>> 5;
    let absent = ~this.#word(0, index) & (-1 << (from & 31));
    while (absent === 0) {
      const word = words[++index];
      if (word === undefined || index * 32 >= until) return Math.min(until, this.#size);
      absent = ~word;
    }
    return Math.min(until, index * 32 + lowestBit(absent)); // bits from the size on are never set
  }

  /**
   * The smallest offset that is `from` or more and begins `count` members (1 or more) without a gap; undefined when there is
   * none. Looks at all pieces of a word together: with every other of 2^24 offsets a member it reads 2^19 words, not 2^23 pieces.
   */
  nextRun(from: number, count: number): number | undefined {
    let at = this.next(from);
    while (at !== undefined) {
      const first = this.#runIn(at, Math.min(count, 32));
      if (first === undefined) {
        at = this.next((at >>> 5) * 32 + 32);
      } else {
        const end = first + count;
        const absent = this.nextAbsent(first, end);
        if (absent === end) return first;
        at = this.next(absent);
      }
    }
    return undefined;
  }

  /** Where `count` members (at most 32) begin, in the word of `from`, there or behind it. */
  #runIn(from: number, count: number): number | undefined {
    const index = from >>> 5;
    let low = this.#word(0, index) & (-1 << (from & 31));
    let high = this.#word(0, index + 1);
    // What is left of `low` begins `length` members in the two words.
    for (let length = 1; length < count && low !== 0;) {
      const more = Math.min(length, count - length);
      low &= (low >>> more) | (high << (32 - more));
      high &= high >>> more;
      length += more;
    }
    return low === 0 ? undefined : index * 32 + lowestBit(low);
  }

  #descend(level: number, index: number): number {
    let position = index;
    for (let below = level - 1; below >= 0; below--) position = position * 32 + lowestBit(this.#word(below, position));
    return position;
  }

  #word(level: number, index: number): number {
    return this.#levels[level]?.[index] ?? 0;
  }

  /** Gives a word of level 0 its new bits, and tells the levels above when it became empty or no longer is. */
  #write(index: number, after: number): void {
    const [words] = this.#levels;
    const before = this.#word(0, index);
    if (!words || (before ^ after) === 0) return;
    words[index] = after;
    this.#count += bitCount(after) - bitCount(before);
    if (before === 0) this.#raise(index);
    else if (after === 0) this.#lower(index);
  }

  #raise(index: number): void {
    let position = index;
    for (let level = 1; level < this.#levels.length; level++) {
      const before = this.#word(level, position >>> 5);
      this.#setWord(level, position >>> 5, before | (1 << (position & 31)));
      if (before !== 0) return; // the levels above know this word already
      position >>>= 5;
    }
  }

  #lower(index: number): void {
    let position = index;
    for (let level = 1; level < this.#levels.length; level++) {
      const after = this.#word(level, position >>> 5) & ~(1 << (position & 31));
      this.#setWord(level, position >>> 5, after);
      if (after !== 0) return; // the word is still not empty
      position >>>= 5;
    }
  }

  #setWord(level: number, index: number, word: number): void {
    const words = this.#levels[level];
    if (words) words[index] = word;
  }
}

/** Position of the lowest bit that is set; the word is not zero. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}

function bitCount(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const nibbles = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((nibbles + (nibbles >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** The bits of word `index` that stand for offsets from `first` to `last`. */
function wordMask(index: number, first: number, last: number): number {
  const low = index === first >>> 5 ? -1 << (first & 31) : -1;
  const high = index === last >>> 5 ? -1 >>> (31 - (last & 31)) : -1;
  return low & high;
}
