import { EtcdClient } from '../../../src/store/etcd/client.ts';
import { Image } from '../../../src/store/etcd/image.ts';
import type { Etcd } from '../../support/etcd.ts';
import type { Options } from '../options.ts';
import { HELD_NETWORK, heldEvents } from '../restart/full-start.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Progress } from '../suite.ts';
import type { Table } from '../table.ts';
import { startNode } from './nodes.ts';

const PREFIX = '/held/';

export interface HeldByCluster {
  readonly rounds: number;
  readonly allocations: number;
  readonly seconds: Spread;
}

/** Time until a node is ready that finds many allocations. */
export async function measureHeldByCluster(
  etcd: Etcd,
  { rounds, held, quick }: Options,
  progress: Progress,
): Promise<HeldByCluster> {
  progress(`writing ${formatNumber(held, 0)} allocations`);
  const client = new EtcdClient({ endpoints: etcd.endpoints, now: () => Date.now(), timeoutMs: 10_000 });
  const image = new Image(client, PREFIX, 'bench');
  await image.begin();
  await image.write(heldEvents(held));
  await image.finish();
  client.close();
  const took: number[] = [];
  for (let round = quick ? 1 : 0; round <= rounds; round++) {
    progress(`a node that finds ${formatNumber(held, 0)} allocations`);
    const began = performance.now();
    const server = await startNode(etcd, { prefix: PREFIX, node: 1, cidr: HELD_NETWORK });
    if (round > 0) took.push((performance.now() - began) / 1000);
    await server.stop();
  }
  return { rounds, allocations: held, seconds: spreadOf(took) };
}

/** The table of {@link measureHeldByCluster}. */
export function heldByClusterTable({ rounds, allocations, seconds }: HeldByCluster): Table {
  return {
    title: 'Start of a node that finds allocations in etcd',
    head: ['allocations', 'spawn to ready, s'],
    rows: [[formatNumber(allocations, 0), formatSpread(seconds, 1)]],
    notes: [`Median (lowest–highest) of ${rounds} starts, after one that is not counted.`],
  };
}
