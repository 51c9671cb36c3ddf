import type { Commit } from './commit.ts';
import type { Generations } from './generations.ts';
import type { TxnRequest } from './messages.ts';
import { hasValue, put } from './operation.ts';
import { MAX_BYTES, MAX_OPERATIONS } from './plan.ts';

/** Put beside the commits: the head. */
const BESIDE = 1;

/**
 * Takes from a queue what goes into one transaction, in order.
 *
 * A key may be written once in it. A commit that writes one that an earlier commit writes waits for the next, and so does
 * whatever writes a key of one that waits: the order of a key's commits is kept. A commit that deletes whole ranges goes
 * alone.
 *
 * @returns what was taken and what is left
 */
export function takeBatch(queue: readonly Commit[]): { readonly batch: Commit[]; readonly rest: Commit[] } {
  const batch: Commit[] = [];
  const rest: Commit[] = [];
  const written = new Set<string>();
  let deepest = 0;
  let bytes = 0;
  let isClosed = false;
  for (const commit of queue) {
    const { plan } = commit;
    const depth = Math.max(deepest, sizeOf(commit));
    const fits = batch.length + 1 + BESIDE + depth <= MAX_OPERATIONS && bytes + plan.bytes <= MAX_BYTES;
    const isFirst = batch.length === 0;
    if (isClosed || !fits || !isDisjoint(plan.writes, written) || (plan.isSweeping && !isFirst)) {
      rest.push(commit);
      if (!fits || plan.isSweeping) isClosed = true;
    } else {
      batch.push(commit);
      deepest = depth;
      bytes += plan.bytes;
      if (plan.isSweeping) isClosed = true;
    }
    for (const key of plan.writes) written.add(key);
  }
  return { batch, rest };
}

/**
 * The transaction of a batch: each commit counts or not by itself, and none does when the fence is not ours any more.
 *
 * @param headValue what is told with it
 */
export function txnOf(
  batch: readonly Commit[],
  generations: Generations,
  fence: { readonly key: string; readonly boot: string },
  head: { readonly key: string; readonly value: string },
): TxnRequest {
  const nested = batch.map(({ plan, revision }) => {
    const compare = [...plan.generations].map((key) => generations.compare(key, revision));
    return { request_txn: { compare: [...plan.compares, ...compare], success: plan.operations, failure: [] } };
  });
  return { compare: [hasValue(fence.key, fence.boot)], success: [put(head.key, head.value), ...nested], failure: [] };
}

function sizeOf({ plan }: Commit): number {
  return Math.max(plan.compares.length + plan.generations.size, plan.operations.length);
}

function isDisjoint(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  for (const key of a) if (b.has(key)) return false;
  return true;
}
