import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { byteAt, SlabAllocator } from '../../src/collections/slab-allocator.ts';

const BLOCK = 64 * 1024;

describe('pool.Slabs', () => {
  it('keep what is in one slot from all others', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    const length = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 3 * BLOCK }));
    const step = fc.record({ op: fc.constantFrom('put', 'put', 'free'), length, nth: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const slabs = new SlabAllocator();
        const held: { readonly slot: number; readonly content: Uint8Array }[] = [];
        for (const [turn, { op, length, nth }] of steps.entries()) {
          if (op === 'put') {
            const content = new Uint8Array(length).fill((turn % 255) + 1);
            held.push({ slot: put(slabs, content), content });
          } else if (held.length > 0) {
            for (const { slot } of held.splice(nth % held.length, 1)) slabs.free(slot);
          }
          for (const { slot, content } of held.slice(-5)) assertHolds(slabs, slot, content);
        }
        for (const { slot, content } of held) assertHolds(slabs, slot, content);
        assert.equal(new Set(held.map(({ slot }) => slot)).size, held.length);
      }),
      { numRuns: 20, seed, interruptAfterTimeLimit: 10_000 },
    );
  });

  it('give what was freed again before they grow', () => {
    const slabs = new SlabAllocator();
    const slots = Array.from({ length: 10_000 }, () => put(slabs, new Uint8Array(48)));
    const { size } = slabs;
    assert.ok(size <= 10_000 * 48 + BLOCK, `${size} bytes`);
    for (let turn = 0; turn < 100_000; turn++) {
      const nth = (turn * 7919) % slots.length;
      slabs.free(slots[nth]!);
      slots[nth] = put(slabs, new Uint8Array(41 + (turn % 8)));
    }
    assert.equal(slabs.size, size);
  });

  it('give back blocks of which nothing is used, in whatever order that happens', () => {
    for (const stride of [1, 7919, 9999]) {
      const slabs = new SlabAllocator();
      const slots = Array.from({ length: 10_000 }, (_, index) => put(slabs, new Uint8Array(index % 2 ? 48 : 200)));
      for (let index = 0; index < slots.length; index++) slabs.free(slots[(index * stride) % slots.length]!);
      assert.equal(slabs.size, 2 * BLOCK, 'one of each size stays');
      for (const length of [48, 200, 64]) {
        const contents = Array.from({ length: 5000 }, (_, index) => new Uint8Array(length).fill(index + 1));
        const again = contents.map((content) => put(slabs, content));
        for (const [index, content] of contents.entries()) assertHolds(slabs, again[index] ?? 0, content);
      }
      assert.ok(slabs.size < 5000 * (48 + 200 + 64) + 3 * BLOCK, 'numbers and slots can be had again');
    }
  });
});

function put(slabs: SlabAllocator, content: Uint8Array): number {
  return slabs.put(content, content.length);
}

/** And nothing but zeros behind it. */
function assertHolds(slabs: SlabAllocator, slot: number, content: Uint8Array): void {
  const bytes = slabs.bytesOf(slot).subarray(byteAt(slot), slabs.endOf(slot));
  assert.ok(slot > 0 && bytes.length >= content.length && bytes.length <= Math.ceil((content.length + 8) * 1.125));
  assert.equal(Buffer.compare(bytes.subarray(0, content.length), content), 0);
  assert.ok(bytes.subarray(content.length).every((byte) => byte === 0));
}
