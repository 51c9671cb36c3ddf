import type { AllocationEvent } from './allocation-event.ts';
import type { JournalRecord } from './format.ts';
import type { Line } from './lines.ts';

/*
 * Nearly every line of a large folder has the form of allocation-event.ts. A start reads these without JSON.parse, which
 * takes several times as long:
 *
 *   {"type":"ip_allocated","network":"…","ip":"…","vm_id":"…","nic":"…"       then in any order, each at most once,
 *     ,"at":N  ,"actor":"…"  ,"request_id":"…"  ,"hostname":"…"  ,"requested":true  }      the first three always
 *
 * Texts are ASCII without escapes; numbers are whole, without a sign, and have at most 15 digits. Everything else is left to
 * JSON.parse: other types and families, and members such as `id`. Both read the same line to the same event.
 */

const BEGIN = literal('{"type":"ip_allocated","network":"');
const IP = literal(',"ip":"');
const VM_ID = literal(',"vm_id":"');
const NIC = literal(',"nic":"');
const AT = literal(',"at":');
const ACTOR = literal(',"actor":"');
const REQUEST_ID = literal(',"request_id":"');
const HOSTNAME = literal(',"hostname":"');
const REQUESTED = literal(',"requested":true');
const SEQ = literal('{"seq":');
const EVENT = literal(',"event":');
const MORE = literal(',"more":true');
const G = literal(',"g":');
const CRC = literal(',"crc":"');
const END = literal('"}');

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const ZERO = 0x30;
const NINE = 0x39;
const BACKSLASH = 0x5c;
const CLOSING_BRACE = 0x7d;
const MAX_DIGITS = 15;
const CRC_DIGITS = 8;

/** A record, and the crc that its line states. */
export interface FastRecord {
  readonly record: JournalRecord;
  readonly crc: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads lines of that form, one after the other. Consecutive lines share most of their texts, which are made once. It works
 * on bytes, which V8 reads faster than the characters of a string.
 */
export class FastDecoder {
  #bytes: Uint8Array = Buffer.alloc(0);
  #text = '';
  #at = 0;
  readonly #network = new RepeatedText();
  readonly #nic = new RepeatedText();
  readonly #actor = new RepeatedText();
  readonly #requestId = new RepeatedText();

  /** The event in a line of a snapshot, which may end with a comma; undefined: another form. */
  event(line: Line): AllocationEvent | undefined {
    if (!this.#open(line)) return undefined;
    const event = this.#allocated();
    if (this.#bytes[this.#at] === COMMA) this.#at++;
    return this.#at === line.end ? event : undefined;
  }

  /** The record in a line of a journal; undefined: another form. */
  record(line: Line): FastRecord | undefined {
    if (!this.#open(line) || !this.#is(SEQ)) return undefined;
    const seq = this.#whole();
    if (seq === undefined || !this.#is(EVENT)) return undefined;
    const event = this.#allocated();
    if (!event) return undefined;
    const more = this.#is(MORE);
    if (!this.#is(G)) return undefined;
    const g = this.#whole();
    if (g === undefined || !this.#is(CRC)) return undefined;
    const crc = this.#hex();
    if (crc === undefined || !this.#is(END) || this.#at !== line.end) return undefined;
    return { record: more ? { seq, event, more, g } : { seq, event, g }, crc };
  }

  /** Returns whether offsets in its bytes and in its text are the same. */
  #open({ block, start }: Line): boolean {
    const { text, bytes } = block;
    if (text === undefined) return false;
    this.#text = text;
    this.#bytes = bytes;
    this.#at = start;
    return true;
  }

  #allocated(): AllocationEvent | undefined {
    if (!this.#is(BEGIN)) return undefined;
    const network = this.#repeated(this.#network);
    if (network === undefined || !this.#is(IP)) return undefined;
    const ip = this.#string();
    if (ip === undefined || !this.#is(VM_ID)) return undefined;
    const vm_id = this.#string();
    if (vm_id === undefined || !this.#is(NIC)) return undefined;
    const nic = this.#repeated(this.#nic);
    if (nic === undefined) return undefined;
    let at, actor, request_id, hostname, requested;
    while (this.#bytes[this.#at] === COMMA) {
      // JSON.parse handles a member that occurs twice: the last one counts.
      let value: unknown;
      if (at === undefined && this.#is(AT)) value = at = this.#whole();
      else if (actor === undefined && this.#is(ACTOR)) value = actor = this.#repeated(this.#actor);
      else if (request_id === undefined && this.#is(REQUEST_ID)) value = request_id = this.#repeated(this.#requestId);
      else if (hostname === undefined && this.#is(HOSTNAME)) value = hostname = this.#string();
      else if (!requested && this.#is(REQUESTED)) value = requested = true as const;
      if (value === undefined) return undefined;
    }
    if (this.#bytes[this.#at] !== CLOSING_BRACE) return undefined;
    if (at === undefined || actor === undefined || request_id === undefined) return undefined;
    this.#at++;
    const event: Mutable<AllocationEvent> = { type: 'ip_allocated', network, ip, vm_id, nic, at, actor, request_id };
    if (hostname !== undefined) event.hostname = hostname;
    if (requested) event.requested = requested;
    return event;
  }

  /** Skips a literal; does nothing when something else is there. */
  #is(literal: Uint8Array): boolean {
    if (!isAt(this.#bytes, this.#at, literal, literal.length)) return false;
    this.#at += literal.length;
    return true;
  }

  /** The rest of a string, including its closing quote. */
  #string(): string | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    for (let code = bytes[at] ?? 0; code !== QUOTE; code = bytes[++at] ?? 0) {
      if (code < SPACE || code === BACKSLASH) return undefined; // 0 after the end
    }
    this.#at = at + 1;
    return this.#text.slice(start, at);
  }

  /** The same for a string that is probably equal to the one in the line before. */
  #repeated(repeated: RepeatedText): string | undefined {
    const start = this.#at;
    const end = start + repeated.length;
    if (this.#bytes[end] === QUOTE && isAt(this.#bytes, start, repeated.bytes, repeated.length)) {
      this.#at = end + 1;
      return repeated.text;
    }
    const text = this.#string();
    if (text !== undefined) repeated.keep(text, this.#bytes, start);
    return text;
  }

  /** A whole number; undefined for another number, a long one, or none. */
  #whole(): number | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    let value = 0;
    for (let code = bytes[at] ?? 0; code >= ZERO && code <= NINE; code = bytes[++at] ?? 0) {
      value = value * 10 + (code - ZERO);
    }
    const digits = at - start;
    if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && bytes[start] === ZERO)) return undefined;
    this.#at = at;
    return value;
  }

  #hex(): number | undefined {
    const digits = this.#text.slice(this.#at, this.#at + CRC_DIGITS);
    if (!/^[0-9a-f]{8}$/.test(digits)) return undefined;
    this.#at += CRC_DIGITS;
    return Number.parseInt(digits, 16);
  }
}

/** The latest text of a member, with a copy of its bytes, since those of the block are reused. Long texts are not kept. */
class RepeatedText {
  text = '';
  length = 0;
  readonly bytes: Uint8Array = Buffer.alloc(64);

  keep(text: string, bytes: Uint8Array, start: number): void {
    if (text.length > this.bytes.length) return;
    this.text = text;
    this.length = text.length;
    for (let i = 0; i < text.length; i++) this.bytes[i] = bytes[start + i] ?? 0;
  }
}

/** Whether some bytes contain the first `length` bytes of others at an offset. */
function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

function literal(text: string): Uint8Array {
  return Buffer.from(text, 'latin1'); // a Buffer like the bytes of a block: V8 is fastest with one kind of array
}
