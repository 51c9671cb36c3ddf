import { type Cidr, enclosingNetwork, firstHost, sizeOf } from '../../../src/net/cidr.ts';
import type { Range } from '../../../src/net/range.ts';
import { decideAllocate } from '../../../src/pool/decide/allocate.ts';
import { decideAddNetwork } from '../../../src/pool/decide/network.ts';
import { decideRelease } from '../../../src/pool/decide/release.ts';
import type { Network } from '../../../src/pool/network.ts';
import { Pool } from '../../../src/pool/pool.ts';
import { roundRobin } from '../../../src/pool/strategy.ts';
import type { Options } from '../options.ts';
import { formatNumber, formatSpread, type Spread, spreadOf } from '../spread.ts';
import type { Table } from '../table.ts';

/** Allocations in a batch; short enough for the clock's own cost to be the same everywhere. */
const BATCH = 250;
/** Ends earlier than after all batches, should an allocation be slow. */
const LIMIT_MS = 20_000;
const ORIGIN = { at: 1_767_225_600_000, actor: 'bench', request_id: 'bench' };
interface Case {
  readonly name: string;
  readonly pool: Pool;
  readonly network: Network;
}

export interface PoolFigures {
  readonly name: string;
  /** Nanoseconds of one allocation: decide and apply, without HTTP and disk. */
  readonly allocate: Spread;
}

/** Allocating in an empty pool and allocating the last free address, in turn. */
export function measurePool({ batches, realInLarge }: Options): PoolFigures[] {
  const cases = [
    { name: '/16 empty', ...makePool('10.0.0.0/16', []) },
    lastCase('/16, the last of 65,533', '10.0.0.0/16', Number.POSITIVE_INFINITY),
    { name: '/8 empty', ...makePool('10.0.0.0/8', []) },
    lastCase('/8, the last of 16,777,213', '10.0.0.0/8', realInLarge),
  ].map((prepared) => ({ ...prepared, times: [] as number[] }));
  const end = performance.now() + LIMIT_MS;
  const warmUp = Math.ceil(batches / 10);
  for (let batch = -warmUp; batch < batches && performance.now() < end; batch++) {
    for (const prepared of cases) {
      const time = timeBatch(prepared, (batch + warmUp) * BATCH);
      if (batch >= 0) prepared.times.push(time);
    }
  }
  return cases.map(({ name, times }) => ({ name, allocate: spreadOf(times) }));
}

/** A pool with one address left: `real` of the others are allocated, the rest is excluded. */
function lastCase(name: string, text: string, real: number): Case {
  const cidr = cidrOf(text);
  const lastHost = Number(sizeOf(cidr)) - 2;
  const firstExcluded = 2 + real; // behind the network address and the gateway
  const at = (offset: number) => cidr.base + BigInt(offset);
  const excluded =
    firstExcluded < lastHost ? [{ family: cidr.family, first: at(firstExcluded), last: at(lastHost - 1) }] : [];
  const made = makePool(text, excluded);
  for (let vm = 0; made.network.free.count > 1n; vm++) allocate(made, `vm-${vm}`);
  return { name, ...made };
}

function makePool(text: string, excluded: readonly Range[]) {
  const pool = new Pool();
  const cidr = cidrOf(text);
  const wish = { cidr, gateway: { family: cidr.family, value: firstHost(cidr) }, excluded };
  for (const event of decideAddNetwork(pool, 'bench', wish, ORIGIN)) pool.apply(event);
  return { pool, network: pool.network('bench') };
}

/**
 * Nanoseconds of one allocation, the mean of a batch. Each is for a new VM, and is released before the next, so that the
 * pool is as full as before; the releases are not timed.
 *
 * @param first number of the first VM
 */
function timeBatch({ pool, network }: Case, first: number): number {
  let milliseconds = 0;
  for (let vm = first; vm < first + BATCH; vm++) {
    const owner = `new-${vm}`;
    const began = performance.now();
    allocate({ pool, network }, owner);
    milliseconds += performance.now() - began;
    release({ pool, network }, owner);
  }
  return (milliseconds * 1e6) / BATCH;
}

function allocate({ pool, network }: Pick<Case, 'pool' | 'network'>, vm_id: string): void {
  const wish = { owner: { vm_id, nic: '' }, attributes: {} };
  for (const event of decideAllocate(pool, network, wish, roundRobin, ORIGIN)) pool.apply(event);
}

function release({ pool, network }: Pick<Case, 'pool' | 'network'>, vm_id: string): void {
  const held = network.byOwner({ vm_id, nic: '' });
  if (!held) throw new Error(`${vm_id} holds nothing in ${network.cidrText}`);
  for (const event of decideRelease(network, held, 'released', ORIGIN)) pool.apply(event);
}

function cidrOf(text: string): Cidr {
  const cidr = enclosingNetwork(text);
  if (!cidr) throw new Error(`${text} is no network`);
  return cidr;
}

/** The table of {@link measurePool}. */
export function poolTable(figures: readonly PoolFigures[], realInLarge: number): Table {
  return {
    title: 'One allocation in the pool alone: decide and apply, without HTTP and disk',
    head: ['network', 'ns/allocation'],
    rows: figures.map(({ name, allocate }) => [name, formatSpread(allocate, 0)]),
    notes: [
      `The /16 is filled with real allocations. Of the /8 ${formatNumber(realInLarge, 0)} are real (all would need gigabytes), the others excluded.`,
      `Median (lowest–highest) of batches of ${BATCH}; includes about 50 ns of reading the clock.`,
    ],
  };
}
