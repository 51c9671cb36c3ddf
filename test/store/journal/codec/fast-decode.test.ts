import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { IpAllocated } from '../../../../src/pool/events.ts';
import { encodeRecord, unseal } from '../../../../src/store/journal/codec/format.ts';
import { Block, Line } from '../../../../src/store/journal/codec/lines.ts';
import { FastDecoder } from '../../../../src/store/journal/codec/fast-decode.ts';

const word = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('', 'vm-1', 'vm-12', 'vm-2', '},{', '\x7f') },
  { weight: 1, arbitrary: fc.constantFrom('a"b', 'a\\b', '\t', '"}', 'é') },
);
const number = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom(0, 7, 10, 1_767_225_600_000, 999_999_999_999_999) },
  { weight: 1, arbitrary: fc.constantFrom(-1, 1.5, 1e21, 1_000_000_000_000_000, 2 ** 53) },
);
const event = fc
  .tuple(
    fc.tuple(word, word, word, word),
    fc.record(
      {
        at: number,
        actor: word,
        request_id: word,
        hostname: word,
        requested: fc.constant(true as const),
        mac: fc.constantFrom(undefined, undefined, undefined, '02:00:00:00:00:01'),
      },
      { requiredKeys: ['at', 'actor', 'request_id'] },
    ),
    fc.array(fc.nat(), { minLength: 8, maxLength: 8 }),
  )
  .map(([[network, ip, vm_id, nic], rest, order]) => {
    const members = Object.entries(rest).map((member, i) => ({ member, at: order[i] ?? 0 }));
    const shuffled = members.sort((a, b) => a.at - b.at).map(({ member }) => member);
    const start = { type: 'ip_allocated', network, ip, vm_id, nic };
    return { ...start, ...Object.fromEntries(shuffled) } as unknown as IpAllocated;
  });
/** Characters that JSON gives a meaning, and such as it does not allow. */
const character = fc.constantFrom('"', '\\', ',', ':', '{', '}', '0', '1', '-', '.', 'e', ' ', '\n', '\0', 'a', 'null');
const mutation = fc.record({ place: fc.nat(), kind: fc.constantFrom('put', 'insert', 'cut', 'double'), character });
type Mutation = typeof mutation extends fc.Arbitrary<infer M> ? M : never;

function mutated(text: string, { place, kind, character }: Mutation): string {
  const at = place % text.length;
  if (kind === 'double') {
    const members = text.split(',');
    const one = members[place % members.length] ?? '';
    return [...members, one].join(',');
  }
  if (kind === 'cut') return text.slice(0, at) + text.slice(at + 1);
  return text.slice(0, at) + character + text.slice(kind === 'put' ? at + 1 : at);
}

function lineOf(text: string, start = 0, end?: number): Line {
  const bytes = Buffer.from(text);
  return new Line(new Block(0, bytes), start, end ?? bytes.length);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return 'no JSON';
  }
}

const ORIGIN = { at: 1_767_225_600_000, actor: 'token', request_id: 'r-1' };
const COMMON: IpAllocated = { type: 'ip_allocated', network: 'n', ip: '10.0.0.2', vm_id: 'vm-1', nic: '', ...ORIGIN };

describe('journal.FastDecoder', () => {
  it('knows what allocate writes, what a snapshot writes, and the same with a host name', () => {
    const form = new FastDecoder();
    const { at, actor, request_id, ...place } = COMMON;
    for (const known of [
      COMMON,
      { ...place, hostname: 'web', actor, request_id, at },
      { ...place, requested: true as const, actor, request_id, at },
      { ...COMMON, hostname: 'web', requested: true as const },
      COMMON,
    ]) {
      for (const comma of ['', ',']) {
        const text = `[\n${JSON.stringify(known)}${comma}\n]`;
        assert.deepEqual(form.event(lineOf(text, 2, text.length - 2)), known);
      }
      for (const more of [false, true]) {
        const { line, crc } = encodeRecord(7, known, more, 99, 0x1234);
        const end = line.length - 1;
        const record = { seq: 7, event: known, ...(more ? { more } : {}), g: 99 };
        assert.deepEqual(form.record(lineOf(line, 0, end)), { record, crc });
      }
    }
  });

  it('leaves what is no JSON to JSON.parse, which refuses it', () => {
    const text =
      '{"type":"ip_allocated","network":"n","ip":"10.0.0.2","vm_id":"vm","nic":"","at":,"at":5,"actor":"a","request_id":"r"}';
    assert.equal(new FastDecoder().event(lineOf(text)), undefined);
    const twice = text
      .replace('"at":,"at":5', '"at":5,"actor":,"actor":"a"')
      .replace(',"actor":"a","request', ',"request');
    assert.equal(new FastDecoder().event(lineOf(twice)), undefined);
  });

  it('reads an event as JSON.parse does, or says that it does not know it, whatever was changed in its text', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    const form = new FastDecoder();
    let known = 0;
    fc.assert(
      fc.property(event, fc.array(mutation, { maxLength: 2 }), (event, mutations) => {
        const text = mutations.reduce(mutated, JSON.stringify(event));
        const read = form.event(lineOf(text));
        if (read === undefined) return;
        known++;
        // A comma behind it is the snapshot's.
        assert.deepEqual(read, parsed(text.endsWith(',') ? text.slice(0, -1) : text));
      }),
      { numRuns: 20_000, seed },
    );
    assert.ok(known > 1500, `${known} known`);
  });

  it('reads a record as the general way does, or says that it does not know it', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    const form = new FastDecoder();
    let known = 0;
    const crc = fc.nat();
    fc.assert(
      fc.property(
        event,
        number,
        fc.boolean(),
        crc,
        fc.array(mutation, { maxLength: 2 }),
        (event, n, more, crc, all) => {
          const text = all.reduce(mutated, encodeRecord(n, event, more, n, crc).line.slice(0, -1));
          const read = form.record(lineOf(text));
          if (read === undefined) return;
          known++;
          const sealed = unseal(Buffer.from(text));
          const { crc: stated, ...record } = sealed?.value ?? {};
          assert.equal(typeof stated, 'string');
          assert.deepEqual(read, { record, crc: sealed?.crc });
        },
      ),
      { numRuns: 20_000, seed },
    );
    assert.ok(known > 1500, `${known} known`);
  });
});
