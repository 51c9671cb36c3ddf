import type { AllocationEvent } from './allocation-event.ts';
import type { JournalRecord } from './format.ts';
import type { Line } from './lines.ts';

/*
 * Nearly every line of a large folder gives an address to a VM. These are read without JSON.parse, in a fifth of its time:
 *
 *   {"type":"ip_allocated","network":"…","ip":"…","vm_id":"…","nic":"…"       and then in any order, each once at most,
 *     ,"at":N  ,"actor":"…"  ,"request_id":"…"  ,"hostname":"…"  ,"requested":true  }      the first three always
 *
 * Texts are of ASCII and without escapes, numbers whole and without sign, of 15 digits at most. Anything else is not known
 * here, and is for JSON.parse: what both read, they read alike.
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

/** A record with the crc that its line states. */
export interface UsualRecord {
  readonly record: JournalRecord;
  readonly crc: number;
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/**
 * Reads lines of the usual form, one after the other: what a line has in common with the one before is not made again.
 * By their bytes, which are looked at faster than the characters of a string.
 */
export class FastDecoder {
  #bytes: Uint8Array = Buffer.alloc(0);
  #text = '';
  #at = 0;
  readonly #network = new Known();
  readonly #nic = new Known();
  readonly #actor = new Known();
  readonly #requestId = new Known();

  /** The event in a line of a snapshot, behind which a comma may be; undefined: not of this form. */
  event(line: Line): AllocationEvent | undefined {
    if (!this.#open(line)) return undefined;
    const event = this.#allocated();
    if (this.#bytes[this.#at] === COMMA) this.#at++;
    return this.#at === line.end ? event : undefined;
  }

  /** The record in a line of a journal; undefined: not of this form. */
  record(line: Line): UsualRecord | undefined {
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

  /** Returns whether a place in its bytes is the same place in its text. */
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
    const network = this.#known(this.#network);
    if (network === undefined || !this.#is(IP)) return undefined;
    const ip = this.#string();
    if (ip === undefined || !this.#is(VM_ID)) return undefined;
    const vm_id = this.#string();
    if (vm_id === undefined || !this.#is(NIC)) return undefined;
    const nic = this.#known(this.#nic);
    if (nic === undefined) return undefined;
    let at, actor, request_id, hostname, requested;
    while (this.#bytes[this.#at] === COMMA) {
      // A second of the same name is for JSON.parse: there the last one counts.
      let value: unknown;
      if (at === undefined && this.#is(AT)) value = at = this.#whole();
      else if (actor === undefined && this.#is(ACTOR)) value = actor = this.#known(this.#actor);
      else if (request_id === undefined && this.#is(REQUEST_ID)) value = request_id = this.#known(this.#requestId);
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

  /** Passes over a literal; stays when something else stands there. */
  #is(literal: Uint8Array): boolean {
    if (!isAt(this.#bytes, this.#at, literal, literal.length)) return false;
    this.#at += literal.length;
    return true;
  }

  /** The rest of a string, its second quote included. */
  #string(): string | undefined {
    const bytes = this.#bytes;
    const start = this.#at;
    let at = start;
    for (let code = bytes[at] ?? 0; code !== QUOTE; code = bytes[++at] ?? 0) {
      if (code < SPACE || code === BACKSLASH) return undefined; // 0 behind the end
    }
    this.#at = at + 1;
    return this.#text.slice(start, at);
  }

  /** The same for a string that is likely to be the one that was read there before. */
  #known(known: Known): string | undefined {
    const start = this.#at;
    const end = start + known.length;
    if (this.#bytes[end] === QUOTE && isAt(this.#bytes, start, known.bytes, known.length)) {
      this.#at = end + 1;
      return known.text;
    }
    const text = this.#string();
    if (text !== undefined) known.keep(text, this.#bytes, start);
    return text;
  }

  /** A whole number; none when it goes on as no number of JSON does, or is a long one. */
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

/** A string that was read, with its bytes: those of the block belong to somebody else soon. Long ones are not kept. */
class Known {
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

/** Whether the first `length` of some bytes stand at a place in others. */
function isAt(bytes: Uint8Array, at: number, wanted: Uint8Array, length: number): boolean {
  for (let i = 0; i < length; i++) if (bytes[at + i] !== wanted[i]) return false;
  return true;
}

function literal(text: string): Uint8Array {
  return Buffer.from(text, 'latin1'); // like the bytes of a block: V8 reads one kind of array fastest
}
