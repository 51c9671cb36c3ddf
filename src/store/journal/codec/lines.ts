import { isAscii } from 'node:buffer';
import { type FileHandle, open } from 'node:fs/promises';

const NEWLINE = 0x0a;
/** Bytes per read: small enough not to delay requests between two turns of the event loop. */
const CHUNK = 64 * 1024;

/** Consecutive lines of a file. All are complete, except for a last line of the file without a newline. */
export class Block {
  /** Where in the file it begins. */
  readonly offset: number;
  /** With all newlines. The buffer is reused once the next block is requested. */
  readonly bytes: Buffer;
  /** Null: not decoded yet. */
  #text: string | undefined | null = null;

  constructor(offset: number, bytes: Buffer) {
    this.offset = offset;
    this.bytes = bytes;
  }

  /** Its text when every character is one byte, so that offsets in both are the same; otherwise undefined. */
  get text(): string | undefined {
    if (this.#text === null) this.#text = isAscii(this.bytes) ? this.bytes.toString('latin1') : undefined;
    return this.#text;
  }

  *[Symbol.iterator](): Generator<Line, void, void> {
    const { bytes } = this;
    for (let start = 0, end; start < bytes.length; start = end + 1) {
      const newline = bytes.indexOf(NEWLINE, start);
      end = newline < 0 ? bytes.length : newline;
      yield new Line(this, start, end);
    }
  }
}

/** A line of a file, as bytes: text would hide invalid UTF-8, and has other line ends than ours. */
export class Line {
  readonly block: Block;
  /** Where in the block it begins and ends; its newline is at `end`. */
  readonly start: number;
  readonly end: number;

  constructor(block: Block, start: number, end: number) {
    this.block = block;
    this.start = start;
    this.end = end;
  }

  /** Where in the file it begins. */
  get offset(): number {
    return this.block.offset + this.start;
  }

  /** Without the newline. */
  get bytes(): Buffer {
    return this.block.bytes.subarray(this.start, this.end);
  }

  /** False for a last line without a newline. */
  get terminated(): boolean {
    return this.end < this.block.bytes.length;
  }

  /** Bytes in the file, the newline included. */
  get size(): number {
    return this.end - this.start + (this.terminated ? 1 : 0);
  }
}

/**
 * A file in blocks of about 64 KiB, or of one line where that is longer. The next block is read while the current one is
 * processed, and the event loop turns between two blocks.
 */
export async function* blocksOf(path: string): AsyncGenerator<Block> {
  const handle = await open(path, 'r');
  let reading = readBehind(handle, Buffer.allocUnsafeSlow(CHUNK), 0, 0);
  try {
    let spare: Buffer = Buffer.allocUnsafeSlow(CHUNK);
    let offset = 0;
    for (let held = await reading; held.length > 0; held = await reading) {
      const { buffer, length, isLast } = held;
      const end = isLast ? length : buffer.lastIndexOf(NEWLINE, length - 1) + 1;
      const rest = length - end;
      // An incomplete line fills the buffer: it needs more room.
      if (spare.length < 2 * rest) spare = Buffer.allocUnsafeSlow(4 * rest);
      buffer.copy(spare, 0, end, length);
      reading = isLast ? Promise.resolve(NOTHING) : readBehind(handle, spare, rest, offset + length);
      if (end > 0) yield new Block(offset, buffer.subarray(0, end));
      offset += end;
      spare = buffer;
    }
  } finally {
    await reading.catch(nothing);
    await handle.close();
  }
}

interface Chunk {
  readonly buffer: Buffer;
  readonly length: number;
  /** Whether the file ends here. */
  readonly isLast: boolean;
}

const NOTHING: Chunk = { buffer: Buffer.alloc(0), length: 0, isLast: true };

/** Appends the next bytes of a file to the content of a buffer. @param position where in the file */
function readBehind(handle: FileHandle, buffer: Buffer, held: number, position: number): Promise<Chunk> {
  const chunk = handle
    .read(buffer, held, buffer.length - held, position)
    .then(({ bytesRead }) => ({ buffer, length: held + bytesRead, isLast: bytesRead === 0 }));
  chunk.catch(nothing); // the block before may still be in work when this fails
  return chunk;
}

const nothing = () => undefined;

/** The lines of a file in order. Only the byte 0x0a ends a line. A line is valid until the next one is requested. */
export async function* linesOf(path: string): AsyncGenerator<Line> {
  for await (const block of blocksOf(path)) yield* block;
}
