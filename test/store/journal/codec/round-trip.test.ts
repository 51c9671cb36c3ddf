import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { DomainEvent } from '../../../../src/store/families.ts';
import { FastDecoder } from '../../../../src/store/journal/codec/fast-decode.ts';
import { FastEncoder } from '../../../../src/store/journal/codec/fast-encode.ts';
import { encodeRecord, isRecord, unseal } from '../../../../src/store/journal/codec/format.ts';
import { Block, Line } from '../../../../src/store/journal/codec/lines.ts';

const word = fc.oneof(
  { weight: 19, arbitrary: fc.constantFrom('', 'vm-1', 'default', '},{') },
  { weight: 1, arbitrary: fc.constantFrom('a"b', 'é') },
);
const origin = { at: fc.constantFrom(0, 7, 1_767_225_600_000), actor: word, request_id: word };
const allocation = fc.record(
  { type: fc.constant('ip_allocated'), network: word, ip: word, vm_id: word, nic: word, ...origin },
  { requiredKeys: ['type', 'network', 'ip', 'vm_id', 'nic', 'at', 'actor', 'request_id'] },
);
const withOptional = fc
  .tuple(
    allocation,
    fc.record(
      { hostname: word, requested: fc.constant(true), id: word, vrf: word, end_ip: word, tags: fc.array(word) },
      { requiredKeys: [] },
    ),
  )
  .map(([event, more]) => ({ ...event, ...more }));
/** Not an event that any release wrote: the encoder must not make up what is missing. */
const incomplete = fc.record(
  { type: fc.constant('ip_allocated'), network: word, ip: word, vm_id: word, nic: word, ...origin },
  { requiredKeys: ['type'] },
);
const ofNetwork = fc.record(
  { type: fc.constantFrom('network_added', 'network_updated'), network: word, vrf: word, cidr: word, ...origin },
  { requiredKeys: ['type', 'network'] },
);
const ofAnotherFamily = fc.record(
  {
    type: fc.constantFrom('note_added', 'token_made', 'ip_allocated2'),
    at: origin.at,
    text: word,
    plan: fc.jsonValue(),
  },
  { requiredKeys: ['type'] },
);
const event: fc.Arbitrary<DomainEvent> = fc.oneof(allocation, withOptional, incomplete, ofNetwork, ofAnotherFamily);

describe('journal: an event that is written and read back', () => {
  it('is the same in a record, whatever its family, and with vrf and id', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    let [fast, general] = [0, 0];
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        const encoder = new FastEncoder();
        const decoder = new FastDecoder();
        let chain = 0;
        let seq = 0;
        for (const each of events) {
          const { line, crc } = encodeRecord(++seq, each, seq % 2 === 0, 99, chain, encoder);
          chain = crc;
          const bytes = Buffer.from(line);
          const known = decoder.record(new Line(new Block(0, bytes), 0, bytes.length - 1));
          const value = known?.record ?? unseal(bytes.subarray(0, -1))?.value;
          assert.ok(value && isRecord(value as Record<string, unknown>));
          if (known) fast++;
          else general++;
          const expected = { seq, event: JSON.parse(JSON.stringify(each)) as object, g: 99 };
          const { crc: _, ...record } = value as { crc?: string };
          assert.deepEqual(record, seq % 2 === 0 ? { ...expected, more: true } : expected);
          if (known) assert.equal(known.crc, crc);
          if ('vrf' in each || 'id' in each) assert.equal(known, undefined, 'the general path');
        }
      }),
      { numRuns: 3000, seed },
    );
    assert.ok(fast > 300 && general > 300, `${fast} fast, ${general} general`);
  });

  it('is the same in a line of a snapshot', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 8 }), (events) => {
        const encoder = new FastEncoder();
        const decoder = new FastDecoder();
        for (const each of events) {
          const text = encoder.encode(each);
          const bytes = Buffer.from(text);
          const read = decoder.event(new Line(new Block(0, bytes), 0, bytes.length)) ?? (JSON.parse(text) as object);
          assert.deepEqual(read, JSON.parse(JSON.stringify(each)));
        }
      }),
      { numRuns: 3000 },
    );
  });
});
