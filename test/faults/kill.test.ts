import assert from 'node:assert/strict';
import { readdirSync, watch } from 'node:fs';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Caller } from './caller.ts';
import { History } from './history.ts';
import { Load } from './load.ts';
import { Random, SEED } from './random.ts';
import { scratch, serve } from './serving.ts';

/** IPPOOL_ROUNDS=1000 is a soak test. */
const ROUNDS = Number(process.env.IPPOOL_ROUNDS ?? 12);
const COMPACT_BYTES = 20_000;
const CLIENTS = 8;
const VMS_EACH = 12;
/** VMs that are never released, so that writing a snapshot takes long enough to be interrupted. */
const RESIDENTS = 100;

describe('a server that is killed with SIGKILL under load', () => {
  it(`keeps every promise over ${ROUNDS} kills`, { timeout: ROUNDS * 30_000 }, async (t) => {
    t.diagnostic(`IPPOOL_SEED=${SEED}`);
    const random = new Random(SEED);
    const data = scratch(t);
    const args = ['--network', '10.9.0.0/24', '--compact-bytes', String(COMPACT_BYTES)];
    let time = 0;
    const history = new History(() => ++time);
    let duringRequests = 0;
    let duringCompaction = 0;
    let compactions = 0;

    for (let round = 0; round < ROUNDS; round++) {
      const server = await serve(t, { data, args });
      const caller = new Caller(server.url);
      await judge(history, caller, `round ${round}`);
      if (round === 0) {
        for (let i = 0; i < RESIDENTS; i++)
          await history.note(`resident-${i}`, 'allocate', () => caller.allocate(`resident-${i}`));
      }
      const load = new Load(server.url, history, random, { clients: CLIENTS, vmsEach: VMS_EACH });
      // Every other kill hits a compaction; the others are at random times.
      if (round % 2 === 0) await sleep(20 + random.below(400));
      else await sleep(random.below(100)).then(() => temporaryFile(data));
      duringRequests += load.underWay;
      await server.kill('SIGKILL');
      await load.lost();
      caller.close();
      compactions += server.stdout().split('journal compacted').length - 1;
      if (isCompacting(data)) duringCompaction++;
    }
    const server = await serve(t, { data, args });
    const caller = new Caller(server.url);
    await judge(history, caller, 'the end');
    caller.close();
    assert.deepEqual(await server.stop(), { code: 0, signal: null });
    t.diagnostic(
      `${history.answered} responses, ${history.unanswered} requests cut off (${duringRequests} seen in flight), ` +
        `${compactions} compactions, ${duringCompaction} kills in the middle of one`,
    );

    // The faults fired.
    assert.ok(history.unanswered > ROUNDS, 'kills hit requests in flight');
    assert.ok(compactions > 0, 'the journal was compacted');
    assert.ok(duringCompaction > 0, 'a kill hit a compaction');
  });
});

/** Checks a restarted server against the history, then repeats the requests without a response. */
async function judge(history: History, caller: Caller, when: string): Promise<void> {
  assert.deepEqual([...history.judge(await caller.held()), ...history.contradictions], [], when);
  const held = new Map(await caller.held());
  for (const vm of history.vms) {
    if (history.expected(vm).kind !== 'maybe') continue;
    const before = held.get(vm);
    const answer = await history.note(vm, 'allocate', () => caller.allocate(vm));
    assert.equal(answer?.status, before === undefined ? 201 : 200, when);
    if (before !== undefined) assert.equal(answer.body.ip, before, when);
  }
  assert.deepEqual([...history.judge(await caller.held()), ...history.contradictions, ...history.overlaps()], [], when);
}

/** Resolves when a compaction has begun to write a file. */
function temporaryFile(data: string): Promise<void> {
  return new Promise((resolve) => {
    const watcher = watch(data, (_, name) => {
      if (!name?.endsWith('.tmp')) return;
      watcher.close();
      resolve();
    });
  });
}

/** Whether a folder is in the middle of a compaction: an unfinished file, or two journals after the newest snapshot. */
function isCompacting(data: string): boolean {
  const names = readdirSync(data);
  const seqs = (pattern: RegExp) => names.flatMap((name) => pattern.exec(name)?.[1] ?? []).map(Number);
  const newest = Math.max(0, ...seqs(/^snapshot-(\d+)\.json$/));
  return (
    names.some((name) => name.endsWith('.tmp')) ||
    seqs(/^journal-(\d+)\.jsonl$/).filter((seq) => seq >= newest).length > 1
  );
}
