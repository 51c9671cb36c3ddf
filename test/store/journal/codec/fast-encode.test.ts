import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { PoolEvent } from '../../../../src/pool/events.ts';
import { FastEncoder } from '../../../../src/store/journal/codec/fast-encode.ts';

const word = fc.oneof(
  { weight: 9, arbitrary: fc.constantFrom('', 'vm-1', 'vm-2', ' ~', '!#[]') },
  { weight: 1, arbitrary: fc.constantFrom('a"b', 'a\\b', '\t', '\x1f', '\x7f', 'é', '\ud800', '\u2028') },
);
const others = fc.record({ mac: word, tags: fc.array(word, { maxLength: 2 }), end_ip: word }, { requiredKeys: [] });
const event = fc
  .record({
    type: fc.constantFrom('ip_allocated', 'ip_allocated', 'ip_allocated', 'ip_updated'),
    network: word,
    ip: word,
    vm_id: word,
    nic: word,
    at: fc.constantFrom(0, 7, 1_767_225_600_000, -1, 1.5, 1e21, Number.NaN, Number.POSITIVE_INFINITY),
    actor: word,
    request_id: word,
    hostname: fc.option(word, { nil: undefined }),
    requested: fc.option(fc.constant(true), { nil: undefined }),
    others: fc.option(others, { nil: {} }),
  })
  .map(({ others, ...usual }) => ({ ...usual, ...others }));

/** Each differs from the one before in one member. */
const alike = fc
  .tuple(event, fc.array(fc.tuple(fc.constantFrom('network', 'ip', 'vm_id', 'nic', 'at', 'actor', 'request_id'), word)))
  .map(([first, changes]) => {
    let each: object = first;
    return [
      each,
      ...changes.map(([name, value]) => (each = { ...each, [name]: name === 'at' ? value.length : value })),
    ];
  });

describe('the text of an event', () => {
  it('says what JSON.stringify says, whatever was written before it', () => {
    fc.assert(
      fc.property(alike, (events) => {
        const encoder = new FastEncoder();
        for (const each of events) {
          assert.deepEqual(JSON.parse(encoder.encode(each as unknown as PoolEvent)), JSON.parse(JSON.stringify(each)));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('is that of JSON.stringify to the letter, for what a hook asks for', () => {
    const asked: PoolEvent = {
      type: 'ip_allocated',
      network: 'default',
      ip: '10.0.0.2',
      vm_id: 'vm-1',
      nic: '',
      at: 1_767_225_600_000,
      actor: 'anonymous',
      request_id: 'a-1',
      hostname: 'web-1',
    };
    const encoder = new FastEncoder();
    for (const each of [asked, { ...asked, ip: '10.0.0.3', vm_id: 'vm-2' }, { ...asked, request_id: 'a-2' }]) {
      assert.equal(encoder.encode(each), JSON.stringify(each));
    }
  });
});
