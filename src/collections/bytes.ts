// How whole numbers and texts are written in bytes.
//
//     whole number   two's complement, the lowest byte first, in as few bytes as hold it: 1 to 17
//     text           [ length << 1 | wide ] then a byte for each character, or two where one needs more than a byte
//
// The length takes a byte up to 63 characters, and one more for each further seven bits. Characters are UTF-16 code
// units, so that any text comes back as it was, also one that is not well-formed.

const PIECE = 6;
const PIECE_BITS = 48n;
/** Of arguments to one call. */
const RUN = 4096;

/** Writes one record after the other. */
export class ByteWriter {
  /** What was written, up to `at`; anything behind. Another array when it has grown. */
  bytes = new Uint8Array(1024);
  at = 0;

  byte(value: number): void {
    if (this.at === this.bytes.length) this.#grow();
    this.bytes[this.at++] = value;
  }

  /** @returns how many bytes it took */
  whole(value: bigint): number {
    const start = this.at;
    if (value >= -0x8000_0000n && value < 0x8000_0000n) {
      let rest = Number(value); // nearly all
      for (; rest < -0x80 || rest > 0x7f; rest >>= 8) this.byte(rest & 0xff);
      this.byte(rest & 0xff);
    } else {
      let rest = value;
      for (; rest < -0x80n || rest > 0x7fn; rest >>= 8n) this.byte(Number(rest & 0xffn));
      this.byte(Number(rest & 0xffn));
    }
    return this.at - start;
  }

  text(text: string): void {
    const { length } = text;
    const start = this.at;
    this.#size(length * 2);
    while (this.at + 2 * length > this.bytes.length) this.#grow();
    const { bytes } = this;
    let codes = 0; // all their bits
    let at = this.at;
    for (let index = 0; index < length; index++) {
      const code = text.charCodeAt(index);
      codes |= code;
      bytes[at++] = code;
    }
    if (codes > 0xff) this.#wideText(text, start);
    else this.at = at;
  }

  /** Writes a text from a place on, two bytes a character. There is room for it. */
  #wideText(text: string, start: number): void {
    this.at = start;
    this.#size(text.length * 2 + 1);
    const { bytes } = this;
    for (let index = 0; index < text.length; index++) {
      const code = text.charCodeAt(index);
      bytes[this.at++] = code;
      bytes[this.at++] = code >>> 8;
    }
  }

  #size(value: number): void {
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.byte((rest & 0x7f) | 0x80);
    this.byte(rest);
  }

  #grow(): void {
    const bytes = new Uint8Array(this.bytes.length * 2);
    bytes.set(this.bytes);
    this.bytes = bytes;
  }
}

/** Reads what {@link ByteWriter} wrote, from a place on. */
export class ByteReader {
  #bytes = new Uint8Array(0);
  #at = 0;

  /** Goes on at a place. Returns itself. */
  open(bytes: Uint8Array<ArrayBuffer>, at: number): this {
    this.#bytes = bytes;
    this.#at = at;
    return this;
  }

  get at(): number {
    return this.#at;
  }

  byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  skip(length: number): void {
    this.#at += length;
  }

  whole(length: number): bigint {
    const start = this.#at;
    this.#at += length;
    let end = this.#at - 1;
    let high = ((this.#bytes[end] ?? 0) << 24) >> 24; // its sign
    for (const exact = Math.max(start, this.#at - PIECE); end > exact;) high = high * 256 + (this.#bytes[--end] ?? 0);
    let value = BigInt(high);
    while (end > start) {
      const begin = Math.max(start, end - PIECE);
      let piece = 0;
      const bits = begin === end - PIECE ? PIECE_BITS : BigInt(8 * (end - begin));
      while (end > begin) piece = piece * 256 + (this.#bytes[--end] ?? 0);
      value = (value << bits) | BigInt(piece);
    }
    return value;
  }

  text(): string {
    const size = this.#size();
    const start = this.#at;
    const isWide = (size & 1) === 1;
    const length = size >>> 1;
    this.#at += isWide ? 2 * length : length;
    if (length <= RUN) return textAt(this.#bytes, start, length, isWide);
    let text = '';
    for (let done = 0; done < length; done += RUN) {
      const from = start + (isWide ? 2 * done : done);
      text += textAt(this.#bytes, from, Math.min(RUN, length - done), isWide);
    }
    return text;
  }

  /** Passes over a text. Returns whether it is the given one. */
  isText(text: string): boolean {
    const size = this.#size();
    const bytes = this.#bytes;
    const start = this.#at;
    const isWide = (size & 1) === 1;
    const length = size >>> 1;
    this.#at += isWide ? 2 * length : length;
    if (length !== text.length) return false;
    for (let index = 0; index < length; index++) {
      if (codeAt(bytes, start, index, isWide) !== text.charCodeAt(index)) return false;
    }
    return true;
  }

  skipText(): void {
    const size = this.#size();
    this.#at += (size >>> 1) * ((size & 1) + 1);
  }

  #size(): number {
    let byte = this.byte();
    let size = byte & 0x7f;
    for (let shift = 7; byte > 0x7f; shift += 7) {
      byte = this.byte();
      size |= (byte & 0x7f) << shift;
    }
    return size;
  }
}

function textAt(bytes: Uint8Array, start: number, length: number, isWide: boolean): string {
  const codes: number[] = [];
  for (let index = 0; index < length; index++) codes.push(codeAt(bytes, start, index, isWide));
  return String.fromCharCode(...codes);
}

function codeAt(bytes: Uint8Array, start: number, index: number, isWide: boolean): number {
  if (!isWide) return bytes[start + index] ?? 0;
  return (bytes[start + 2 * index] ?? 0) | ((bytes[start + 2 * index + 1] ?? 0) << 8);
}
