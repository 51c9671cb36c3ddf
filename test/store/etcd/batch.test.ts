import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { PoolEvent } from '../../../src/pool/events.ts';
import { takeBatch } from '../../../src/store/etcd/batch.ts';
import { Commit } from '../../../src/store/etcd/commit.ts';
import { Keys } from '../../../src/store/etcd/keys.ts';
import { planOf } from '../../../src/store/etcd/plan.ts';
import { allocated, released } from './events.ts';

const keys = new Keys('/t/');
const afterwards = {
  allocation: () => undefined,
  memories: () => ({ before: [], after: [] }),
  network: () => undefined,
};

function commits(...all: (readonly PoolEvent[])[]): Commit[] {
  return all.map((events, n) => {
    const record = keys.event(1, 'n', 'b', n);
    const plan = planOf(events, { keys, revision: 1, record, afterwards });
    return new Commit({ events, plan, record, revision: 1, handedIn: 0 });
  });
}

/** Positions in the queue of what rides in each transaction. */
function trips(queue: readonly Commit[]): number[][] {
  const all: number[][] = [];
  for (let left = queue; left.length > 0;) {
    const { batch, rest } = takeBatch(left);
    all.push(batch.map((commit) => queue.indexOf(commit)));
    left = rest;
  }
  return all;
}

describe('takeBatch', () => {
  it('takes what has nothing in common together, up to the limit of etcd', () => {
    const queue = commits(...Array.from({ length: 130 }, (_, n) => [allocated(`vm${n}`, `10.0.0.${n}`)]));
    assert.deepEqual(
      trips(queue).map(({ length }) => length),
      [123, 7],
    );
  });

  it('leaves what writes a key again for the next, and keeps the order of a key', () => {
    const queue = commits(
      [allocated('vm1', '10.0.0.1')],
      [released('vm1', '10.0.0.1'), released('vm2', '10.0.0.2')],
      [allocated('vm3', '10.0.0.2')],
      [allocated('vm4', '10.0.0.4')],
    );
    assert.deepEqual(trips(queue), [[0, 3], [1], [2]]);
  });

  it('lets what deletes whole ranges go alone', () => {
    const gone = {
      type: 'network_removed',
      network: 'n',
      cidr: '10.0.0.0/24',
      at: 1,
      actor: '',
      request_id: '',
    } as const;
    const queue = commits([allocated('vm1', '10.0.0.1')], [gone], [allocated('vm4', '10.0.0.4')]);
    assert.deepEqual(trips(queue), [[0], [1], [2]]);
  });
});
