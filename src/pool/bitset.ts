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

  /** Puts `first` to `last` (both included, within bounds) into the set. */
  addRange(first: number, last: number): void {
    for (let offset = first; offset <= last; offset++) {
      if ((offset & 31) === 0 && last - offset >= 31) {
        this.#fillWord(offset >>> 5);
        offset += 31;
      } else {
        this.add(offset);
      }
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

  #descend(level: number, index: number): number {
    let position = index;
    for (let below = level - 1; below >= 0; below--) position = position * 32 + lowestBit(this.#word(below, position));
    return position;
  }

  #word(level: number, index: number): number {
    return this.#levels[level]?.[index] ?? 0;
  }

  #fillWord(index: number): void {
    const before = this.#word(0, index);
    if (before !== 0) {
      for (let bit = 0; bit < 32; bit++) this.add(index * 32 + bit);
      return;
    }
    this.#count += 32;
    let position = index;
    for (const [level, words] of this.#levels.entries()) {
      if (level === 0) {
        words[position] = 0xffffffff;
        continue;
      }
      const above = words[position >>> 5] ?? 0;
      words[position >>> 5] = above | (1 << (position & 31));
      if (above !== 0) return; // the levels above know this word already
      position >>>= 5;
    }
  }
}

/** Position of the lowest bit that is set; the word is not zero. */
function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
