import { setTimeout as delay } from 'node:timers/promises';
import { EtcdClient } from '../../../src/store/etcd/client.ts';
import type { Etcd } from '../../support/etcd.ts';
import type { EtcdMember } from '../../support/etcd-member.ts';
import type { Options } from '../options.ts';
import type { Plot } from '../plot/plot.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';
import { Answers } from './responses.ts';
import { Callers } from './callers.ts';
import { startNodes, stopNodes } from './nodes.ts';

const CALLERS = 8;
/** Watched before a kill, and at least as long after it; then until allocations are acknowledged again. */
const BEFORE_MS = 5_000;
const AFTER_MS = 8_000;
const LIMIT_MS = 30_000;
/** Allocations are back when the last one is not older. */
const FLOWING_MS = 200;
/** Width of a step of the time line. */
const STEP_MS = 250;

interface Kill {
  /** The longest time without an acknowledged allocation, milliseconds: after the kill, and as long before it. */
  readonly gapMs: number;
  readonly quietMs: number;
  readonly acknowledged: number;
  readonly failed: number;
  readonly duplicates: number;
  readonly moved: number;
  /** Acknowledged but not held at the end. */
  readonly lost: number;
  /** Allocations a second, in steps of {@link STEP_MS}, from BEFORE_MS before the kill. */
  readonly rates: readonly number[];
}

export interface Recovery {
  readonly beforeMs: number;
  readonly kills: readonly Kill[];
}

/** How long no allocation is acknowledged after kill -9 of the leader of etcd, and whether one was given twice. */
export async function measureRecovery(etcd: Etcd, options: Options, progress: Progress): Promise<Recovery> {
  const [beforeMs, afterMs] = options.quick ? [500, 1_000] : [BEFORE_MS, AFTER_MS];
  const servers = await startNodes(etcd, '/recovery/', '10.0.0.0/9');
  const urls = servers.map(({ url }) => url);
  const answers = new Answers();
  const kills: Kill[] = [];
  try {
    // Of the first nothing is counted: it is the warm-up.
    for (let n = options.quick ? 1 : 0; n <= options.kills; n++) {
      progress(n === 0 ? 'leader killed: warming up' : `leader killed: ${n} of ${options.kills}`);
      const told = { duplicates: answers.duplicates, moved: answers.moved };
      const callers = new Callers(urls, CALLERS, `kill-${n}`, answers);
      const began = performance.now();
      await delay(beforeMs);
      const leader = await leaderOf(etcd);
      const killedAt = performance.now();
      await leader.kill('SIGKILL');
      await flowing(callers, killedAt, afterMs);
      const endedAt = performance.now();
      await callers.stop();
      await leader.start();
      if (n === 0) continue;
      const { acknowledged, failed } = callers;
      kills.push({
        gapMs: longestGap(acknowledged, killedAt, endedAt),
        quietMs: longestGap(acknowledged, began, killedAt),
        ...{ acknowledged: acknowledged.length, failed },
        duplicates: answers.duplicates - told.duplicates,
        moved: answers.moved - told.moved,
        lost: answers.lostIn(await heldAt(urls[0] ?? '')),
        rates: ratesOf(acknowledged, killedAt - beforeMs, killedAt + afterMs),
      });
    }
  } finally {
    await stopNodes(servers);
  }
  return { beforeMs, kills };
}

async function leaderOf({ endpoints, members }: Etcd): Promise<EtcdMember> {
  const client = new EtcdClient({ endpoints, now: () => Date.now(), timeoutMs: 5_000 });
  try {
    for (const member of members) {
      const { header, leader } = await client.status(member.url);
      if (header.member_id === leader) return member;
    }
  } finally {
    client.close();
  }
  throw new Error('etcd has no leader');
}

async function flowing({ acknowledged }: Callers, killedAt: number, afterMs: number): Promise<void> {
  const isFlowing = () => performance.now() - (acknowledged.at(-1) ?? 0) < FLOWING_MS;
  await delay(afterMs);
  while (!isFlowing()) {
    if (performance.now() - killedAt > LIMIT_MS) throw new Error(`nothing was acknowledged for ${LIMIT_MS} ms`);
    await delay(10);
  }
}

/** Milliseconds; the beginning and the end count as acknowledgements. */
export function longestGap(acknowledged: readonly number[], begin: number, end: number): number {
  const inside = acknowledged.filter((time) => time > begin && time < end);
  const times = [begin, ...inside, end];
  return times.slice(1).reduce((longest, time, i) => Math.max(longest, time - (times[i] ?? time)), 0);
}

/** Allocations a second, in whole steps from `begin` on. */
export function ratesOf(acknowledged: readonly number[], begin: number, end: number): number[] {
  const counts = Array.from({ length: Math.floor((end - begin) / STEP_MS) }, () => 0);
  for (const time of acknowledged) {
    const step = Math.floor((time - begin) / STEP_MS);
    if (step >= 0 && step < counts.length) counts[step] = (counts[step] ?? 0) + 1;
  }
  return counts.map((count) => (count * 1000) / STEP_MS);
}

async function heldAt(url: string): Promise<{ ip: string; vm_id: string }[]> {
  const answer = await fetch(`${url}/api/v1/ip/allocations`);
  return (await answer.json()) as { ip: string; vm_id: string }[];
}

/** The table of {@link measureRecovery}. */
export function recoveryTable({ beforeMs, kills }: Recovery): Table {
  const gap = spreadOf(kills.map(({ gapMs }) => gapMs));
  return {
    title: 'kill -9 of the leader of etcd, under load',
    head: ['kill', 'longest gap, ms', 'before it, ms', 'acknowledged', 'attempts again', 'duplicates', 'moved', 'lost'],
    rows: kills.map(({ gapMs, quietMs, acknowledged, failed, duplicates, moved, lost }, n) => [
      String(n + 1),
      ...[gapMs, quietMs, acknowledged, failed, duplicates, moved, lost].map((figure) => formatNumber(figure, 0)),
    ]),
    notes: [
      `Longest time in which no allocation was acknowledged: ${formatSpread(gap, 0)} ms after a kill; before it, the same in ${beforeMs / 1000} s without a fault. Three members, three nodes, ${CALLERS} callers a node, who ask again for the same VM until they have an address.`,
      'Duplicates: answers with an address that another VM had been told. Moved: answers with another address than the VM had been told. Lost: acknowledged, but not held at the end.',
    ],
  };
}

/** The plots of {@link measureRecovery}. */
export function recoveryPlots({ beforeMs, kills }: Recovery): Plot[] {
  const longest = Math.max(...kills.map(({ rates }) => rates.length));
  const places = Array.from({ length: longest }, (_, i) => i);
  const atPlace = (i: number): Spread => spreadOf(kills.map(({ rates }) => rates[i] ?? Number.NaN));
  const single = (value: number): Spread => ({ median: value, min: value, max: value });
  const series = (name: string, key: 'acknowledged' | 'duplicates' | 'lost') => ({
    name,
    points: kills.map((kill, n) => ({ x: `kill ${n + 1}`, y: single(kill[key]) })),
  });
  return [
    {
      name: 'recovery',
      title: 'Acknowledged allocations around kill -9 of the leader of etcd',
      note: `Line: median, whiskers: lowest and highest of ${kills.length} kills at 0 s`,
      kind: 'lines',
      x: { label: 'time since the kill, s', scale: 'linear' },
      y: { label: 'allocations a second', scale: 'linear' },
      series: [
        {
          name: 'three nodes together',
          points: places.map((i) => ({ x: ((i + 0.5) * STEP_MS - beforeMs) / 1000, y: atPlace(i) })),
        },
      ],
    },
    {
      name: 'duplicates',
      title: 'Addresses told to clients around each kill of the leader',
      note: 'Duplicates: told to two owners. Lost: acknowledged, but not held at the end',
      kind: 'bars',
      x: { label: '' },
      y: { label: 'addresses', scale: 'linear' },
      series: [series('acknowledged', 'acknowledged'), series('duplicates', 'duplicates'), series('lost', 'lost')],
    },
  ];
}
