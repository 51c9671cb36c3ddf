import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { CoolingSpan } from '../../src/pool/cooling-span.ts';
import { Cooldown } from '../../src/pool/cooldown.ts';

const owner = (n: number) => ({ vm_id: `vm${n}`, nic: '' });
const memory = (n: number, at: number, size: number, cooling_until: number, sticky_until: number): CoolingSpan => ({
  ...owner(n),
  offset: BigInt(at * 4),
  last: BigInt(at * 4 + size - 1),
  cooling_until,
  sticky_until,
});

const OWNERS = 6;
const PLACES = 8;
const until = fc.constantFrom(0, 3, 7, 7, 20);
const step = fc.record({
  op: fc.constantFrom('release', 'release', 'give', 'pass', 'pass'),
  owner: fc.nat(OWNERS - 1),
  at: fc.nat(PLACES - 1),
  size: fc.integer({ min: 1, max: 4 }),
  cooling: until,
  sticky: until,
});

/** What a list of everything that was ever released says. */
class NaiveMemories {
  all: { readonly memory: CoolingSpan; isCooling: boolean; isKept: boolean }[] = [];

  release(memory: CoolingSpan): void {
    for (const one of this.all) if (one.memory.vm_id === memory.vm_id) one.isKept = false;
    this.all.push({ memory, isCooling: memory.cooling_until > 0, isKept: true });
  }

  give(vm_id: string, offset: bigint, last: bigint): void {
    const ended = this.all.filter((one) => one.isCooling && one.memory.offset <= last && one.memory.last >= offset);
    for (const one of this.all) if (one.memory.vm_id === vm_id) one.isKept = false;
    for (const one of ended) one.isCooling = false;
    for (const one of ended) if (one.memory.sticky_until === 0) one.isKept = false;
    for (const { memory } of ended) {
      const left = { ...memory, last: offset - 1n };
      const right = { ...memory, offset: last + 1n };
      for (const part of [left, right])
        if (part.offset <= part.last) this.all.push({ memory: part, isCooling: true, isKept: false });
    }
  }

  pass(now: number): CoolingSpan[] {
    const ended = this.all.filter((one) => one.isCooling && one.memory.cooling_until <= now);
    for (const one of ended) one.isCooling = false;
    for (const one of this.all) if (!one.isCooling && one.memory.sticky_until <= now) one.isKept = false;
    return ended.map((one) => one.memory);
  }
}

describe('pool.Memories', () => {
  it('does what a list of all that was released does', (t) => {
    const seed = Date.now() % 2 ** 31;
    t.diagnostic(`seed ${seed}`);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const memories = new Cooldown(7);
        const model = new NaiveMemories();
        let now = 1;
        for (const each of steps) {
          const { cooling, sticky, at, size } = each;
          if (each.op === 'pass') {
            now += cooling;
            assert.deepEqual(inOrder(memories.expire(now)), inOrder(model.pass(now)));
          } else if (each.op === 'give') {
            const given = memory(each.owner, at, size, 0, 0);
            memories.giveUp(given);
            model.give(given.vm_id, given.offset, given.last);
          } else if (
            cooling + sticky > 0 &&
            !model.all.some((one) => one.isCooling && one.memory.offset >> 2n === BigInt(at))
          ) {
            const released = memory(each.owner, at, size, cooling && now + cooling, sticky && now + sticky);
            memories.add(released);
            model.release(released);
          }
          compare(memories, model);
        }
      }),
      { numRuns: 200, seed },
    );
  });

  it('forgets an owner whose address was given to the next one', () => {
    const memories = new Cooldown(7);
    for (let n = 0; n < 5000; n++) {
      memories.add(memory(n, 0, 1, 1000 + n, 0));
      memories.giveUp(memory(n + 1, 0, 1, 0, 0));
      assert.equal(
        memories.oldest(() => true),
        undefined,
      );
    }
    assert.deepEqual(memories.kept(), []);
  });

  it('lets the rest of a range cool on when a part of it is given', () => {
    const memories = new Cooldown(7);
    memories.add({ ...owner(1), offset: 0n, last: 9n, cooling_until: 100, sticky_until: 0 });
    memories.giveUp({ ...owner(2), offset: 3n, last: 4n });
    memories.giveUp({ ...owner(3), offset: 9n, last: 9n });
    const spans = [...memories.from(0n)].map(({ offset, last, vm_id, cooling_until }) => [
      ...[Number(offset), Number(last)],
      ...[vm_id, cooling_until],
    ]);
    assert.deepEqual(spans, [
      [0, 2, 'vm1', 100],
      [5, 8, 'vm1', 100],
    ]);
    assert.equal(memories.cooling, 7n);
    assert.equal(memories.oldest(({ offset }) => offset > 0n)?.offset, 5n);
    assert.equal(memories.expire(100).length, 2);
    assert.equal(memories.cooling, 0n);
  });

  it('goes by the later word when two speak of one address', () => {
    const memories = new Cooldown(7);
    memories.add({ ...owner(1), offset: 0n, last: 9n, cooling_until: 100, sticky_until: 0 });
    memories.cool({ ...owner(2), offset: 4n, last: 5n, cooling_until: 50, sticky_until: 0 });
    const spans = [...memories.from(0n)].map(({ offset, last, vm_id }) => [Number(offset), Number(last), vm_id]);
    assert.deepEqual(spans, [
      [0, 3, 'vm1'],
      [4, 5, 'vm2'],
      [6, 9, 'vm1'],
    ]);
    assert.equal(memories.cooling, 10n);
  });

  it('takes the one that has been cooling longest of those that may be had', () => {
    const memories = new Cooldown(7);
    for (const [n, end] of [30, 10, 20, 40].entries()) memories.add(memory(n, n, 1, end, 0));
    assert.equal(memories.oldest(() => true)?.vm_id, 'vm1');
    assert.equal(memories.oldest(({ vm_id }) => vm_id !== 'vm1')?.vm_id, 'vm2');
    assert.equal(
      memories.oldest(() => false),
      undefined,
    );
  });

  it('looks no further than past those that may not be had', () => {
    const memories = new Cooldown(7);
    for (let n = 0; n < 3000; n++) memories.add(memory(n, n, 1, 10_000 - n, 0));
    for (let turn = 0; turn < 2; turn++) {
      let asked = 0;
      const mayHave = ({ vm_id }: CoolingSpan) => ++asked > 0 && vm_id !== 'vm2999' && vm_id !== 'vm2998';
      assert.equal(memories.oldest(mayHave)?.vm_id, 'vm2997');
      assert.equal(asked, 3);
    }
    assert.equal(memories.expire(10_000).length, 3000, 'they are all there still');
  });

  it('keeps nothing that is not within a span', () => {
    const memories = new Cooldown(7);
    for (let n = 0; n < 4; n++) memories.add(memory(n, n, 2, 10, 20));
    memories.keepWithin({ first: 4n, last: 12n }); // the last of them is cut in two
    assert.equal(memories.cooling, 4n);
    assert.deepEqual(
      [0, 1, 2, 3].map((n) => memories.of(owner(n)) !== undefined),
      [false, true, true, false],
    );
    assert.deepEqual(memories.expire(10).length, 2);
  });
});

function compare(memories: Cooldown, model: NaiveMemories): void {
  const cooling = model.all.filter((one) => one.isCooling).map((one) => one.memory);
  assert.deepEqual([...memories.from(0n)], inOrder(cooling));
  assert.equal(
    memories.cooling,
    cooling.reduce((sum, { offset, last }) => sum + last - offset + 1n, 0n),
  );
  for (let n = 0; n < OWNERS; n++) {
    assert.equal(memories.of(owner(n)), model.all.find((one) => one.isKept && one.memory.vm_id === `vm${n}`)?.memory);
  }
  const superseded = model.all.filter((one) => one.isCooling && !one.isKept).map((one) => one.memory);
  assert.deepEqual(memories.superseded(), inOrder(superseded));
}

function inOrder(memories: readonly CoolingSpan[]): CoolingSpan[] {
  return memories.toSorted((a, b) => (a.offset < b.offset ? -1 : 1));
}
