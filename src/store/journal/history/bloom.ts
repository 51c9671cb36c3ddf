import { setImmediate as turn } from 'node:timers/promises';

/** 2 MiB while it is filled; folded to the necessary size before it is written. */
const BITS = 1 << 24;
const MIN_BITS = 1 << 10;
const HASHES = 5;
const FNV = 0x01000193;
const SPACE = 0x20;

/**
 * A Bloom filter: a text was certainly not added, or may have been. At most 3 in 100 answers "may" are wrong up to two
 * million texts. Its size is a power of two, so that it can be halved by laying one half over the other.
 */
export class Bloom {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(BITS / 8)) {
    this.#bytes = bytes;
  }

  /** Undefined for text that {@link text} did not make. */
  static parse(text: string): Bloom | undefined {
    const bytes = Buffer.from(text, 'base64');
    const bits = bytes.length * 8;
    const sound = bits >= MIN_BITS && bits <= BITS && (bits & (bits - 1)) === 0;
    return sound ? new Bloom(bytes) : undefined;
  }

  /** @param kind texts of different kinds are different texts */
  add(kind: string, text: string): void {
    const { first, step, mask } = this.#places(kind, text);
    for (let i = 0; i < HASHES; i++) {
      const bit = (first + Math.imul(i, step)) & mask;
      this.#bytes[bit >> 3] = (this.#bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
    }
  }

  mayHold(kind: string, text: string): boolean {
    const { first, step, mask } = this.#places(kind, text);
    for (let i = 0; i < HASHES; i++) {
      const bit = (first + Math.imul(i, step)) & mask;
      if (((this.#bytes[bit >> 3] ?? 0) & (1 << (bit & 7))) === 0) return false;
    }
    return true;
  }

  /** The filter in base64, folded while at most half of its bits are set. Nothing may be added meanwhile. */
  async text(): Promise<string> {
    const { buffer, byteOffset } = this.#bytes;
    let words = new Uint32Array(buffer, byteOffset, this.#bytes.length / 4);
    while (words.length * 32 > MIN_BITS) {
      const half = words.length / 2;
      const folded = words.slice(0, half);
      let set = 0;
      for (let i = 0; i < half; i++) {
        const word = (folded[i] ?? 0) | (words[half + i] ?? 0);
        folded[i] = word;
        set += countBits(word);
      }
      if (set > half * 16) break;
      words = folded;
      await turn(); // the first folding is slow enough to delay requests
    }
    return Buffer.from(words.buffer, words.byteOffset, words.byteLength).toString('base64');
  }

  #places(kind: string, text: string) {
    const mask = this.#bytes.length * 8 - 1;
    return { first: hash(kind, text, 0x811c9dc5), step: hash(kind, text, 0x01234567) | 1, mask };
  }
}

/** FNV-1a over the code units of both, with a space between them; its bits mixed at the end (the finalizer of MurmurHash3). */
function hash(kind: string, text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < kind.length; i++) h = Math.imul(h ^ kind.charCodeAt(i), FNV);
  h = Math.imul(h ^ SPACE, FNV);
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), FNV);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** How many bits of 32 are set. */
function countBits(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return Math.imul((n + (n >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
