/** 2 MiB while it is filled; folded to what it needs before it is written. */
const BITS = 1 << 24;
const MIN_BITS = 1 << 10;
const HASHES = 5;

/**
 * Says of a text that it was certainly not added, or that it may have been: wrongly for 3 in 100 texts at most, as long
 * as no more than two million were added. Its size is a power of two, so it can be made half as large by laying one half over the other.
 */
export class Bloom {
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array = new Uint8Array(BITS / 8)) {
    this.#bytes = bytes;
  }

  /** Undefined for what {@link text} has not made. */
  static parse(text: string): Bloom | undefined {
    const bytes = Buffer.from(text, 'base64');
    const bits = bytes.length * 8;
    const sound = bits >= MIN_BITS && bits <= BITS && (bits & (bits - 1)) === 0;
    return sound ? new Bloom(bytes) : undefined;
  }

  add(text: string): void {
    for (const bit of this.#places(text)) this.#bytes[bit >> 3] = (this.#bytes[bit >> 3] ?? 0) | (1 << (bit & 7));
  }

  mayHold(text: string): boolean {
    return this.#places(text).every((bit) => ((this.#bytes[bit >> 3] ?? 0) & (1 << (bit & 7))) !== 0);
  }

  /** The filter in base64, as small as it can be with half of its bits set. */
  text(): string {
    let bytes = this.#bytes;
    while (bytes.length * 8 > MIN_BITS) {
      const half = bytes.length / 2;
      const folded = bytes.slice(0, half);
      for (let i = 0; i < half; i++) folded[i] = (folded[i] ?? 0) | (bytes[half + i] ?? 0);
      if (countBits(folded) > half * 4) break;
      bytes = folded;
    }
    return Buffer.from(bytes).toString('base64');
  }

  #places(text: string): number[] {
    const first = hash(text, 0x811c9dc5);
    const step = hash(text, 0x01234567) | 1;
    const mask = this.#bytes.length * 8 - 1;
    return Array.from({ length: HASHES }, (_, i) => (first + Math.imul(i, step)) & mask);
  }
}

/** FNV-1a over the code units, its bits mixed at the end (the finalizer of MurmurHash3). */
function hash(text: string, seed: number): number {
  let h = seed;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

function countBits(bytes: Uint8Array): number {
  let count = 0;
  for (let byte of bytes) for (; byte !== 0; byte &= byte - 1) count++;
  return count;
}
