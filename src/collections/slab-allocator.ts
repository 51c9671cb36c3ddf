const UNIT = 8;
/** Units of a block: 64 KiB, so that growing takes microseconds. */
const BLOCK_BITS = 13;
const BLOCK_UNITS = 1 << BLOCK_BITS;
/** Sizes up to this many units are given as they are; above there are eight between two powers of two. */
const EXACT = 16;

/**
 * Memory in slots of 8 bytes and more, for many millions. A block holds slots of one size; what is given back is given
 * again first, and a block of which nothing is in use goes back to the system.
 *
 *     blocks   1: [ 48 | 48 | 48 | … ]   2: [ 56 | 56 | … ]   3: [ 48 | … | free ]      64 KiB each
 *
 * A slot is known by a number, 2^13 times that of its block and the place in it in units of 8 bytes; never 0. Those up to
 * 2^31 are what V8 calls small: 16 GiB.
 */
export class SlabAllocator {
  readonly #blocks: (Block | undefined)[] = [undefined];
  /** Numbers that blocks have no more. */
  readonly #vacated: number[] = [];
  /** By the units of a slot: the blocks that have room. */
  readonly #roomy: (Block[] | undefined)[] = [];

  /** How many bytes are kept, those of free slots included. */
  get size(): number {
    return this.#blocks.reduce((size, block) => size + (block?.bytes.length ?? 0), 0);
  }

  /** Puts bytes into a slot: what is behind them in it is zero. @returns the slot */
  put(source: Uint8Array, length: number): number {
    const units = slotUnits(Math.ceil(length / UNIT));
    const roomy = (this.#roomy[units] ??= []);
    const block = roomy.at(-1) ?? this.#makeBlock(units, roomy);
    const place = block.take();
    if (block.isFull) roomy.pop();
    const { bytes } = block;
    const start = place * UNIT;
    const end = start + units * UNIT;
    for (let at = 0; at < length; at++) bytes[start + at] = source[at] ?? 0;
    for (let at = start + length; at < end; at++) bytes[at] = 0;
    return block.number * BLOCK_UNITS + place;
  }

  /** The bytes that a slot is in; it begins at {@link byteAt}. */
  bytesOf(slot: number): Uint8Array<ArrayBuffer> {
    return this.#block(slot).bytes;
  }

  /** The first eight bytes of a slot, as a number. */
  doubleOf(slot: number): number {
    return this.#block(slot).doubles[slot % BLOCK_UNITS] ?? 0;
  }

  setDouble(slot: number, value: number): void {
    this.#block(slot).doubles[slot % BLOCK_UNITS] = value;
  }

  /** Where a slot ends in its bytes. */
  endOf(slot: number): number {
    return byteAt(slot) + this.#block(slot).units * UNIT;
  }

  /** Gives a slot back, which is in use. */
  free(slot: number): void {
    const block = this.#block(slot);
    const roomy = (this.#roomy[block.units] ??= []);
    if (block.isFull) block.index = roomy.push(block) - 1;
    block.giveBack(slot % BLOCK_UNITS);
    // The last one stays: the next allocation is likely to need it.
    if (block.used > 0 || roomy.length === 1) return;
    const moved = roomy.pop();
    if (moved && moved !== block) {
      roomy[block.index] = moved;
      moved.index = block.index;
    }
    this.#blocks[block.number] = undefined;
    this.#vacated.push(block.number);
  }

  #block(slot: number): Block {
    return this.#blocks[Math.floor(slot / BLOCK_UNITS)] as Block;
  }

  #makeBlock(units: number, roomy: Block[]): Block {
    const number = this.#vacated.pop() ?? this.#blocks.length;
    const block = new Block(number, units);
    this.#blocks[number] = block;
    block.index = roomy.push(block) - 1;
    return block;
  }
}

/** Where a slot begins in the bytes of its block. */
export function byteAt(slot: number): number {
  return (slot % BLOCK_UNITS) * UNIT;
}

/** Slots of one size; one alone, where it is larger than a block. A free slot holds the place of the next free one. */
class Block {
  readonly number: number;
  readonly units: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly doubles: Float64Array;
  /** Slots in use. */
  used = 0;
  /** Its place among the blocks that have room. */
  index = 0;
  readonly #slots: number;
  /** Slots that were in use once; those behind never were. */
  #touched = 0;
  #firstFree = -1;

  constructor(number: number, units: number) {
    this.number = number;
    this.units = units;
    this.bytes = new Uint8Array(Math.max(BLOCK_UNITS, units) * UNIT);
    this.doubles = new Float64Array(this.bytes.buffer);
    this.#slots = Math.max(1, Math.floor(BLOCK_UNITS / units));
  }

  get isFull(): boolean {
    return this.used === this.#slots;
  }

  take(): number {
    this.used++;
    const place = this.#firstFree;
    if (place < 0) return this.#touched++ * this.units;
    this.#firstFree = this.doubles[place] ?? -1;
    return place;
  }

  giveBack(place: number): void {
    this.used--;
    this.doubles[place] = this.#firstFree;
    this.#firstFree = place;
  }
}

/** The units of the slot for a number of units: an eighth more at most. */
function slotUnits(units: number): number {
  if (units <= EXACT) return units;
  const step = 2 ** (28 - Math.clz32(units - 1));
  return Math.ceil(units / step) * step;
}
