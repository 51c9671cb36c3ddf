import type { IpAllocated } from '../../pool/events.ts';
import type { JournalRecord } from './format.ts';

/*
 * Nearly every line of a large folder gives an address to a VM. These are read without JSON.parse, in a fifth of its time:
 *
 *   {"type":"ip_allocated","network":"…","ip":"…","vm_id":"…","nic":"…"       and then in any order, each once at most,
 *     ,"at":N  ,"actor":"…"  ,"request_id":"…"  ,"hostname":"…"  ,"requested":true  }      the first three always
 *
 * Texts are of ASCII and without escapes, numbers whole and without sign, of 15 digits at most. Anything else is not known
 * here, and is for JSON.parse: what both read, they read alike.
 */

const BEGIN = '{"type":"ip_allocated","network":"';
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

/** Reads lines of the usual form, one after the other: what a line has in common with the one before is not made again. */
export class UsualForm {
  #text = '';
  #at = 0;
  #network = '';
  #ip = '';
  #vmId = '';
  #nic = '';
  #actor = '';
  #requestId = '';
  #hostname = '';

  /** The event of a snapshot that stands in a text from `start` to `end`, where a comma may be; undefined: not of this form. */
  event(text: string, start: number, end: number): IpAllocated | undefined {
    this.#text = text;
    this.#at = start;
    const event = this.#allocated();
    if (this.#at < end && text.charCodeAt(this.#at) === COMMA) this.#at++;
    return this.#at === end ? event : undefined;
  }

  /** The record of a journal that stands in a text from `start` to `end`; undefined: not of this form. */
  record(text: string, start: number, end: number): UsualRecord | undefined {
    this.#text = text;
    this.#at = start;
    if (!this.#is('{"seq":')) return undefined;
    const seq = this.#whole();
    if (seq === undefined || !this.#is(',"event":')) return undefined;
    const event = this.#allocated();
    if (!event) return undefined;
    const more = this.#is(',"more":true');
    if (!this.#is(',"g":')) return undefined;
    const g = this.#whole();
    if (g === undefined || !this.#is(',"crc":"')) return undefined;
    const crc = this.#hex();
    if (crc === undefined || !this.#is('"}') || this.#at !== end) return undefined;
    return { record: more ? { seq, event, more, g } : { seq, event, g }, crc };
  }

  #allocated(): IpAllocated | undefined {
    if (!this.#is(BEGIN)) return undefined;
    const network = this.#string(this.#network);
    if (network === undefined || !this.#is(',"ip":"')) return undefined;
    const ip = this.#string(this.#ip);
    if (ip === undefined || !this.#is(',"vm_id":"')) return undefined;
    const vm_id = this.#string(this.#vmId);
    if (vm_id === undefined || !this.#is(',"nic":"')) return undefined;
    const nic = this.#string(this.#nic);
    if (nic === undefined) return undefined;
    let at, actor, request_id, hostname, requested;
    while (this.#text.charCodeAt(this.#at) === COMMA) {
      // A second of the same name is for JSON.parse: there the last one counts.
      let value: unknown;
      if (at === undefined && this.#is(',"at":')) value = at = this.#whole();
      else if (actor === undefined && this.#is(',"actor":"')) value = actor = this.#string(this.#actor);
      else if (request_id === undefined && this.#is(',"request_id":"'))
        value = request_id = this.#string(this.#requestId);
      else if (hostname === undefined && this.#is(',"hostname":"')) value = hostname = this.#string(this.#hostname);
      else if (!requested && this.#is(',"requested":true')) value = requested = true as const;
      if (value === undefined) return undefined;
    }
    if (this.#text.charCodeAt(this.#at) !== CLOSING_BRACE) return undefined;
    if (at === undefined || actor === undefined || request_id === undefined) return undefined;
    this.#at++;
    this.#network = network;
    this.#ip = ip;
    this.#vmId = vm_id;
    this.#nic = nic;
    this.#actor = actor;
    this.#requestId = request_id;
    const event: Mutable<IpAllocated> = { type: 'ip_allocated', network, ip, vm_id, nic, at, actor, request_id };
    if (hostname !== undefined) event.hostname = this.#hostname = hostname;
    if (requested) event.requested = requested;
    return event;
  }

  /** Passes over a literal; stays when something else stands there. */
  #is(literal: string): boolean {
    const text = this.#text;
    const start = this.#at;
    for (let i = 0; i < literal.length; i++) {
      if (text.charCodeAt(start + i) !== literal.charCodeAt(i)) return false;
    }
    this.#at = start + literal.length;
    return true;
  }

  /** The rest of a string, its second quote included. @param before one that was read here, which it may be again */
  #string(before: string): string | undefined {
    const text = this.#text;
    const start = this.#at;
    const { length } = before;
    let at = start;
    while (at - start < length && text.charCodeAt(at) === before.charCodeAt(at - start)) at++;
    let code = text.charCodeAt(at);
    const isSame = code === QUOTE && at - start === length;
    for (; code !== QUOTE; code = text.charCodeAt(++at)) {
      if (!(code >= 0x20) || code === BACKSLASH) return undefined; // NaN behind the end
    }
    this.#at = at + 1;
    return isSame ? before : text.slice(start, at);
  }

  /** A whole number; none when it goes on as no number of JSON does, or is a long one. */
  #whole(): number | undefined {
    const text = this.#text;
    const start = this.#at;
    let at = start;
    let value = 0;
    for (let code = text.charCodeAt(at); code >= ZERO && code <= NINE; code = text.charCodeAt(++at)) {
      value = value * 10 + (code - ZERO);
    }
    const digits = at - start;
    if (digits === 0 || digits > MAX_DIGITS || (digits > 1 && text.charCodeAt(start) === ZERO)) return undefined;
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
